// Passkeys: a form with data-passkey asks the browser for one, puts what it answers into the form, and sends it.
// data-options is what the server asks for, as JSON; bytes are base64url there, and buffers in the browser.
"use strict";

(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  const read = (options) => {
    const key = { ...options.publicKey, challenge: bytes(options.publicKey.challenge) };
    if (key.user) key.user = { ...key.user, id: bytes(key.user.id) };
    for (const list of ["excludeCredentials", "allowCredentials"]) {
      if (key[list]) key[list] = key[list].map((one) => ({ ...one, id: bytes(one.id) }));
    }
    return { publicKey: key };
  };

  const written = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: {},
    });
  };

  const why = (error) => {
    switch (error.name) {
      case "InvalidStateError":
        return "This device has a passkey of yours already.";
      case "NotAllowedError":
        return "No passkey was given. Try again, or use something else.";
      case "SecurityError":
        return "Passkeys work at the console's own address only.";
      default:
        return "This browser could not do it. Use something else.";
    }
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const said = form.querySelector("[data-said]");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      said.textContent = "";
      try {
        if (!navigator.credentials) throw new DOMException("", "SecurityError");
        const credential = await navigator.credentials[form.dataset.passkey](read(JSON.parse(form.dataset.options)));
        form.elements.passkey.value = written(credential);
        form.submit();
      } catch (error) {
        said.textContent = why(error);
      }
    });
  }
})();
