"""A passkey made of software: it answers what the page asks as a browser and its authenticator would."""

from __future__ import annotations

import json
import os
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestedCredentialData, AuthenticatorData

ORIGIN = "http://testserver"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class SoftwareKey:
    """One key pair for one site; it counts how often it was used."""

    def __init__(self, *, origin: str = ORIGIN, counts: bool = True) -> None:
        self.id = os.urandom(32)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.origin = origin
        self.counts = counts
        self.count = 0

    def make(self, options: str) -> str:
        """What navigator.credentials.create() gives, as the page's script writes it down."""
        asked = json.loads(options)["publicKey"]
        public = ES256.from_cryptography_key(self.key.public_key())
        credential = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        data = self._data(asked["rp"]["id"], PRESENT | VERIFIED | ATTESTED, credential)
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": bytes(data)})
        client = self._client("webauthn.create", asked)
        return self._written(client, attestationObject=attestation)

    def show(self, options: str, **changes: bytes) -> str:
        """What navigator.credentials.get() gives."""
        asked = json.loads(options)["publicKey"]
        self.count += self.counts
        data = bytes(self._data(asked["rpId"], PRESENT | VERIFIED))
        client = self._client("webauthn.get", asked)
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        answer = {"authenticatorData": data, "signature": signature, **changes}
        return self._written(client, **answer)

    def _data(
        self, host: str, flags: int, credential: AttestedCredentialData | None = None
    ) -> AuthenticatorData:
        return AuthenticatorData.create(
            sha256(host.encode()).digest(), flags, self.count, credential or b""
        )

    def _client(self, what: str, asked: dict[str, str]) -> bytes:
        websafe_decode(asked["challenge"])
        return json.dumps(
            {"type": what, "challenge": asked["challenge"], "origin": self.origin}
        ).encode()

    def _written(self, client: bytes, **response: bytes) -> str:
        return json.dumps(
            {
                "id": websafe_encode(self.id),
                "rawId": websafe_encode(self.id),
                "type": "public-key",
                "response": {
                    "clientDataJSON": websafe_encode(client),
                    **{name: websafe_encode(value) for name, value in response.items()},
                },
                "clientExtensionResults": {},
            }
        )
