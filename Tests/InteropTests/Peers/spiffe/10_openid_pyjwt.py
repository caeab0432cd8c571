# SPDX-License-Identifier: Apache-2.0
"""A verifier of JWT-SVIDs that knows only a URL: OpenID Connect discovery, then PyJWT with PyJWKClient, over HTTPS.
Prints `STEP prepare`, `STEP activate`, `STEP taint`, `STEP revoke` when the caller shall do that with the JWT authority.
10_openid_pyjwt.py ISSUER CA-FILE"""
import secrets, ssl, urllib.request
import jwt
from spiffe import WorkloadApiClient
from checks import *
issuer, ca = sys.argv[1], sys.argv[2]
r = Report("10_openid_pyjwt"); context = ssl.create_default_context(cafile=ca)
def step(name):
    print("STEP " + name, flush=True); sys.stdin.readline()
def get(url, context=context):
    with urllib.request.urlopen(url, timeout=10, context=context) as answer: return answer.headers, json.load(answer)
headers, document = get(issuer + "/.well-known/openid-configuration")
r.check("JSON", headers.get_content_type() == "application/json", headers.get_content_type())
r.check("issuer is the URL", document["issuer"] == issuer, document)
r.check("keys over HTTPS at the same place", document["jwks_uri"].startswith(issuer + "/"), document["jwks_uri"])
algorithms = document["id_token_signing_alg_values_supported"]
r.check("algorithms", algorithms and set(algorithms) <= {"RS256", "ES256", "ES384"}, algorithms)
r.check("no endpoint that is not there", "authorization_endpoint" not in document and "token_endpoint" not in document)
r.raises("without the authority of the web nobody is trusted", lambda: get(document["jwks_uri"], ssl.create_default_context()))
keys = jwt.PyJWKClient(document["jwks_uri"], ssl_context=context, lifespan=1)
def judge(token, audience="billing", keys=keys):
    key = keys.get_signing_key_from_jwt(token)
    return jwt.decode(token, key.key, algorithms=algorithms, audience=audience, issuer=issuer,
                      options={"require": ["exp", "iat", "iss", "sub", "aud"]})
with WorkloadApiClient(sock(), default_timeout=10) as api:
    def fetch(audience="billing"): return api.fetch_jwt_svid({audience})
    first = fetch(); kid = jwt.get_unverified_header(first.token)["kid"]
    claims = judge(first.token)
    r.check("accepted: sub, iss, aud", claims["sub"] == str(first.spiffe_id) and claims["iss"] == issuer and "billing" in claims["aud"], claims)
    r.raises("for somebody else", lambda: judge(first.token, "other"), "InvalidAudience")
    r.raises("another issuer", lambda: jwt.decode(first.token, keys.get_signing_key(kid).key, algorithms=algorithms, audience="billing", issuer=issuer + "/x"), "InvalidIssuer")
    head, body, signature = first.token.split(".")
    r.raises("another signature", lambda: judge(".".join((head, body, signature[:-6] + ("AAAAAA" if signature[-6:] != "AAAAAA" else "BBBBBB")))), "Signature")
    r.raises("not signed", lambda: judge(jwt.encode(claims, None, algorithm="none", headers={"kid": kid})))
    r.raises("signed by the public key as if it were a secret", lambda: judge(jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": kid})))
    step("prepare"); _, published = get(document["jwks_uri"])
    r.check("the next key is published before it signs", len(published["keys"]) == 2 and kid in [k["kid"] for k in published["keys"]], published)
    r.check("no private member", not any({"d", "p", "q"} & set(k) for k in published["keys"]))
    r.check("each key says what it is for", all(k["use"] == "sig" and k["alg"] in algorithms for k in published["keys"]), published)
    step("activate")
    fresh = fetch("audience-" + secrets.token_hex(4)); second = jwt.get_unverified_header(fresh.token)["kid"]
    r.check("the next key signs", second != kid and second in [k["kid"] for k in published["keys"]], second)
    r.check("its token is accepted", judge(fresh.token, fresh.audience.copy().pop())["sub"] == str(fresh.spiffe_id))
    r.check("the old token too", judge(first.token)["sub"] == str(first.spiffe_id))
    step("taint"); end = time.time() + 30
    while (renewed := fetch()).token == first.token and time.time() < end: time.sleep(0.2)
    r.check("the agent replaced its token after the taint", jwt.get_unverified_header(renewed.token)["kid"] == second)
    r.check("the replacement is accepted", judge(renewed.token)["sub"] == str(first.spiffe_id))
    step("revoke"); time.sleep(1.1)
    r.raises("a token of the revoked key, at the verifier that has run all the time", lambda: judge(first.token), "Unable to find a signing key")
    r.raises("and at a new one", lambda: judge(first.token, keys=jwt.PyJWKClient(document["jwks_uri"], ssl_context=context)), "Unable to find a signing key")
    r.check("tokens of the new key stay", judge(renewed.token)["sub"] == str(first.spiffe_id))
r.done()
