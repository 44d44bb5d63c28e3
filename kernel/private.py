"""How a file leaves the back office that holds what is nobody else's business."""

#: The headers of a file that is saved, never opened in the browser, nor kept by it.
PRIVATE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-store",
}
