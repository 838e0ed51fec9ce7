"""Smithy's RPC v2 CBOR protocol, in which SDKs other than boto3 speak to CloudWatch, in front of an emulator's JSON."""

import json
import re
from io import BytesIO

from botocore.model import DenormalizedStructureBuilder
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer
from shapes import model_of

PATH = re.compile(r"/service/(?P<target>\w+)/operation/(?P<operation>\w+)")
SERVICES = {"GraniteServiceVersion20100801": "cloudwatch"}
ERROR = DenormalizedStructureBuilder().with_members({"__type": {"type": "string"}, "message": {"type": "string"}})


class RpcV2Cbor:
    """A WSGI application that hands such calls on to another one as `application/x-amz-json-1.0`."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        path = PATH.fullmatch(environ.get("PATH_INFO", ""))
        service = SERVICES.get(path["target"]) if path else None
        if not service or environ.get("HTTP_SMITHY_PROTOCOL") != "rpc-v2-cbor":
            return self.application(environ, start_response)
        given = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body = json.dumps(_decoded(given) if given else {}).encode()
        answer: dict = {}

        def start(status, headers, exc_info=None):
            answer.update(status=status, headers=headers)

        parts = self.application(_as_json(environ, path, body), start)
        encoded = _encoded(json.loads(b"".join(parts) or b"{}"), answer["status"], service, path["operation"])
        replaced = ("content-type", "content-length")
        headers = [(name, value) for name, value in answer["headers"] if name.lower() not in replaced]
        headers += [("Content-Type", "application/cbor"), ("Content-Length", str(len(encoded)))]
        start_response(answer["status"], [*headers, ("smithy-protocol", "rpc-v2-cbor")])
        return [encoded]


def _as_json(environ: dict, path: re.Match, body: bytes) -> dict:
    return environ | {
        "PATH_INFO": "/",
        "RAW_URI": "/",
        "REQUEST_URI": "/",
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_AMZ_TARGET": f"{path['target']}.{path['operation']}",
        "wsgi.input": BytesIO(body),
    }


def _decoded(body: bytes) -> object:
    parser = RpcV2CBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))


def _encoded(answer: dict, status: str, service: str, operation: str) -> bytes:
    if status.startswith("2"):
        shape = model_of(service).operation_model(operation).output_shape
    else:
        shape = ERROR.build_model()
    encoded = bytearray()
    if shape is not None:
        known = {name: value for name, value in answer.items() if name in shape.members}
        RpcV2CBORSerializer()._serialize_data_item(encoded, known, shape)
    return bytes(encoded)
