# SPDX-License-Identifier: Apache-2.0
"""A relying party made with Authlib, that is told nothing but the URL of a provider. Speaks JSON lines, as all peers here.
11_openid_authlib.py ISSUER CA-FILE CLIENT-ID"""
import importlib.metadata
import json
import os
import sys

issuer, authority, client_id = sys.argv[1:]
os.environ["REQUESTS_CA_BUNDLE"] = authority

from authlib.integrations.flask_client import OAuth  # noqa: E402
from authlib.oidc.core import CodeIDToken  # noqa: E402
from flask import Flask  # noqa: E402


def relying_party():
    return OAuth(Flask(client_id)).register(
        "provider", client_id=client_id, server_metadata_url=issuer + "/.well-known/openid-configuration")


provider = relying_party()


def judge(token):
    try:
        user = provider.parse_id_token(
            {"id_token": token}, nonce=None, claims_cls=CodeIDToken, leeway=0,
            claims_options={"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}})
    except Exception as error:  # a verdict, whatever the library throws
        return {"taken": False, "why": f"{type(error).__name__}: {error}"[:200]}
    return {"taken": True, "sub": user["sub"]}


for line in sys.stdin:
    request = json.loads(line)
    command, answer = request["command"], {"id": request["id"], "ok": True}
    if command == "version":
        answer["data"] = {"name": "Authlib", "version": importlib.metadata.version("authlib"), "pid": os.getpid()}
    elif command == "refresh":
        provider = relying_party()
        answer["data"] = {}
    elif command == "judge":
        answer["data"] = judge(request["token"])
    else:
        answer |= {"ok": False, "error": {"kind": "command", "message": command}}
    print(json.dumps(answer), flush=True)
