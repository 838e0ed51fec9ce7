"""Calls to moto that are the other emulator's: of services that both play, about the hub account.

A function asks one address for IAM and for KMS, about its own account and about the ones that it looks into. The hub's
roles and keys are ministack's, those of all other accounts moto's.
"""

import http.client
import re
from io import BytesIO
from urllib.parse import urlsplit

from access import HUB_ACCOUNT_ID, account_of

SERVICES = ("iam", "kms")
_SIGNATURE = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d+/[^/]+/(?P<service>[^/]+)/aws4_request")
_KEY_OF_HUB = re.compile(rb'"KeyId"\s*:\s*"arn:[a-z-]+:kms:[a-z0-9-]+:%s:' % HUB_ACCOUNT_ID.encode())


class Forwarding:
    """A WSGI application that hands such calls on, and all others to `application`."""

    def __init__(self, application, hub: str):
        self.application, self.hub = application, urlsplit(hub)

    def __call__(self, environ, start_response):
        signed = _SIGNATURE.search(environ.get("HTTP_AUTHORIZATION", ""))
        if not signed or signed["service"] not in SERVICES:
            return self.application(environ, start_response)
        stream, length = environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0)
        body = stream.read(length)
        if account_of(signed["key"]) == HUB_ACCOUNT_ID:
            return self._forward(environ, body, environ["HTTP_AUTHORIZATION"], start_response)
        if signed["service"] == "kms" and _KEY_OF_HUB.search(body):
            # The hub's key, used from another account: its policy says who may, and is not looked at here.
            as_hub = environ["HTTP_AUTHORIZATION"].replace(
                f"Credential={signed['key']}/", f"Credential={HUB_ACCOUNT_ID}/"
            )
            return self._forward(environ, body, as_hub, start_response)
        return self.application({**environ, "wsgi.input": BytesIO(body)}, start_response)

    def _forward(self, environ: dict, body: bytes, authorization: str, start_response):
        headers = {
            name.removeprefix("HTTP_").replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_") and name not in ("HTTP_HOST", "HTTP_CONNECTION", "HTTP_TRANSFER_ENCODING")
        }
        headers |= {"Content-Type": environ.get("CONTENT_TYPE", ""), "Authorization": authorization}
        path = environ.get("PATH_INFO", "/") + (f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else "")
        connection = http.client.HTTPConnection(self.hub.hostname, self.hub.port, timeout=60)
        try:
            connection.request(environ["REQUEST_METHOD"], path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        hops = ("connection", "transfer-encoding", "content-length")
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in hops]
        start_response(f"{answer.status} {answer.reason}", [*kept, ("Content-Length", str(len(content)))])
        return [content]
