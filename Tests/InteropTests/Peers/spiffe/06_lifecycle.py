# SPDX-License-Identifier: Apache-2.0
"""An entry's life as an unprivileged workload sees it: nothing, an identity, a second one, rotation, nothing again.
Needs root. Prints `STEP create`, `STEP second`, `STEP delete` when the caller shall do that,
and waits for a line when it is done. 06_lifecycle.py UID."""
import ctypes, queue
import jwt, grpc._channel, grpc._interceptor, cryptography.x509, cryptography.hazmat.primitives.serialization, encodings.idna  # before the change of user
from spiffe import WorkloadApiClient
from checks import *
uid = int(sys.argv[1]); r = Report("06_lifecycle"); seen = queue.Queue()
os.setgroups([]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # the kernel took our /proc away with the change of user
def step(name):
    print("STEP " + name, flush=True); sys.stdin.readline()
def once():
    with WorkloadApiClient(sock(), default_timeout=10) as c: return str(c.fetch_x509_svid().spiffe_id)
def until(what, test, seconds=30):
    end = time.time() + seconds; last = None
    while time.time() < end:
        try: last = seen.get(timeout=max(0.1, end - time.time()))
        except queue.Empty: break
        if test(last): return r.check(what, True, last)
    return r.check(what, False, last)
r.raises("no entry: PermissionDenied", once, "PERMISSION_DENIED")
c = WorkloadApiClient(sock())
def update(ctx): seen.put(("ids", [str(s.spiffe_id) for s in ctx.x509_svids], str(ctx.default_svid.leaf.serial_number)))
h = c.stream_x509_contexts(update, lambda e: seen.put(("error", str(e), "")))
step("create")
until("an identity after the entry", lambda u: u[0] == "ids" and len(u[1]) == 1 and u[1][0].endswith("/lc"))
first = once()
serials = set()
def rotated(u):
    if u[0] == "ids": serials.add(u[2])
    return len(serials) >= 2
until("it rotates within the life of a 20 s SVID", rotated, 25)
step("second")
until("both identities, the older one first", lambda u: u[0] == "ids" and [i.rsplit("/", 1)[1] for i in u[1]] == ["lc", "lc2"])
r.check("the default identity did not change", once() == first, first)
ended = queue.Queue()  # a stream that is not opened again, so that its end is seen
h2 = c.stream_x509_contexts(lambda ctx: ended.put("an update"), lambda e: ended.put(str(e)), retry_connect=False)
r.check("a second stream gets both", ended.get(timeout=10) == "an update")
step("delete")
end = time.time() + 20
while time.time() < end:
    try: once()
    except Exception as e:
        r.check("PermissionDenied after the entries are gone", "PERMISSION_DENIED" in str(e), e); break
    time.sleep(0.2)
else: r.check("PermissionDenied after the entries are gone", False)
last = None
try:
    while "PERMISSION_DENIED" not in (last := ended.get(timeout=20)) and last == "an update": pass
except queue.Empty: last = f"nothing after {last}"
r.check("the open stream ends with PermissionDenied", "PERMISSION_DENIED" in last, last)
h2.cancel(); h.cancel(); c.close(); r.done()
