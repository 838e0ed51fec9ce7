"""Writes what SageMaker answers about many resources of every kind, for a server that costs next to nothing itself.

The resources are those of the local cloud's `population.py`, and the answers word for word its emulator's.
"""

import argparse
import json
import os
import sys
from pathlib import Path

ACCOUNT, REGION = "111122223333", "eu-central-1"

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "local-cloud"))
# Whoever signs with a key that the emulator did not give out is this account; of the other emulator nothing is asked.
os.environ |= {"HUB_ACCOUNT_ID": ACCOUNT, "HUB_ENDPOINT_URL": "http://127.0.0.1:9"}

import population  # noqa: E402
import supplement  # noqa: E402
from shapes import model_of  # noqa: E402
from werkzeug.test import Client  # noqa: E402

SIGNED = f"AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE00/20260101/{REGION}/sagemaker/aws4_request"


class SageMaker:
    """The emulator, asked without a socket between."""

    def __init__(self, resources: int):
        supplement.install()
        self._application = Client(supplement.Application())
        self.made = self._post(population.PATH, {"account": ACCOUNT, "region": REGION, "resources": resources}, {})

    def call(self, operation: str, asked: dict) -> dict:
        headers = {
            "Authorization": f"{SIGNED}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-amz-json-1.1",
            "Host": f"sagemaker.{REGION}.amazonaws.com",
            "X-Amz-Target": f"SageMaker.{operation}",
        }
        return self._post("/", asked, headers)

    def _post(self, path: str, body: dict, headers: dict) -> dict:
        answer = self._application.post(path, data=json.dumps(body), headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} {headers.get('X-Amz-Target')} {body} answers {answer.status}: {answer.text}")
        return json.loads(answer.text)


def read(sagemaker: SageMaker, noun: str) -> dict:
    """All of a kind: how they are listed, and what is answered about each."""
    plural = next((kind.plural for kind in population.KINDS if kind.noun == noun), f"{noun}s")
    listing, describing = (model_of("sagemaker").operation_model(name) for name in (f"List{plural}", f"Describe{noun}"))
    items = next(name for name, member in listing.output_shape.members.items() if member.type_name == "list")
    resources, token = [], {}
    while token is not None:
        page = sagemaker.call(listing.name, {"MaxResults": 100, **token})
        resources += [_resource(sagemaker, noun, describing, summary) for summary in page[items]]
        token = {"NextToken": page["NextToken"]} if page.get("NextToken") else None
    if len(resources) != sagemaker.made[noun]:
        raise RuntimeError(f"{len(resources)} of {noun} are listed, {sagemaker.made[noun]} were made")
    return {"list": listing.name, "items": items, "describe": describing.name, "resources": resources}


def _resource(sagemaker: SageMaker, noun: str, describing, summary: dict) -> dict:
    # Job definitions are listed with another word for the same.
    found = {name: summary.get(name, summary.get(f"Monitoring{name}")) for name in describing.input_shape.members}
    asked = {name: value for name, value in found.items() if value is not None}
    description = sagemaker.call(describing.name, asked)
    of_kind = (f"{noun.removesuffix('V2')}Arn", "JobDefinitionArn", "Arn")
    arn = next(description[name] for name in of_kind if name in description)
    tags = sagemaker.call("ListTags", {"ResourceArn": arn})["Tags"]
    return {"arn": arn, "summary": summary, "asked": asked, "description": description, "tags": tags}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("resources", type=int)
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    sagemaker = SageMaker(arguments.resources)
    kinds = [read(sagemaker, noun) for noun, made in sagemaker.made.items() if made]
    arguments.file.write_text(json.dumps({"account": ACCOUNT, "region": REGION, "kinds": kinds}))


if __name__ == "__main__":
    main()
