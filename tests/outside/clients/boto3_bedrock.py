"""AWS's SDK: signs a request of ours as it would have signed it, and sends a conversation of its own."""

import json
import os

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

ours = json.loads(os.environ["BEDROCK_REQUEST"])
KEYS = {"access_key": "AKIDEXAMPLE", "secret_key": "secret", "token": "token"}
MODEL = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"


def signed_again() -> str:
    """The signature of botocore for the request that we have sent, at the time when we did."""
    headers = {"Content-Type": ours["content_type"], "X-Amz-Date": ours["date"], "X-Amz-Security-Token": KEYS["token"]}
    request = AWSRequest("POST", ours["url"], headers=headers, data=ours["body"].encode())
    request.context["timestamp"] = ours["date"]
    signer = SigV4Auth(Credentials(**KEYS), "bedrock", "eu-central-1")
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)


bedrock = boto3.client(
    "bedrock-runtime",
    region_name="eu-central-1",
    endpoint_url=os.environ["BEDROCK_URL"],
    aws_access_key_id=KEYS["access_key"],
    aws_secret_access_key=KEYS["secret_key"],
    aws_session_token=KEYS["token"],
    config=Config(retries={"max_attempts": 0}),
)
reply = bedrock.converse_stream(
    modelId=MODEL,
    messages=[{"role": "user", "content": [{"text": "What is the capital of France?"}]}],
    inferenceConfig={"maxTokens": 3000},
    additionalModelRequestFields={"thinking": {"type": "enabled", "budget_tokens": 2048}},
)
texts, thoughts, signature, stopped, tokens = [], [], "", "", 0
for event in reply["stream"]:
    delta = event.get("contentBlockDelta", {}).get("delta", {})
    texts.append(delta.get("text", ""))
    thoughts.append(delta.get("reasoningContent", {}).get("text", ""))
    signature += delta.get("reasoningContent", {}).get("signature", "")
    stopped = event.get("messageStop", {}).get("stopReason", stopped)
    tokens = event.get("metadata", {}).get("usage", {}).get("totalTokens", tokens)
print(
    json.dumps(
        {
            "signature": signed_again(),
            "answer": "".join(texts),
            "thoughts": "".join(thoughts),
            "sealed": signature,
            "stopped": stopped,
            "tokens": tokens,
        }
    )
)
