# SPDX-License-Identifier: Apache-2.0
"""The issuer is away under watching workloads."""
import time

import issuer_records
import raw_calls
import watchers
from identity_stage import Fault, Sink, until

# From the issuer's return until everybody has what fell due: the agent's connection tries at least every 30 s, and what
# failed is tried again after 5 s.
CATCH_UP = 75


def play(setting):
    """The issuer goes for some minutes (`--away`). Workloads whose SVIDs live longer lose nothing, half of their lives ends
    meanwhile, and they get the next SVID when the issuer is back; one whose SVID is too short learns that none can be had, not
    that it has no identity. New workloads are served all the time. The address is dead at first, then somebody is there who
    closes every connection, then somebody who says nothing."""
    away = setting.options.away
    # Half of it ends while the issuer is away, all of it long after.
    lives = away * 8 // 5 + 180
    users = (0, 65534, 65533, 65532)
    short = 65531
    stage = setting.stage("absence")
    with setting.closing(stage):
        stage.start()
        for user in users:
            stage.entry(f"/long/{user}", f"unix:uid:{user}", x509_ttl=lives, jwt_ttl=lives)
        stage.entry("/both", "unix:uid:65532", x509_ttl=60)
        stage.entry("/short", f"unix:uid:{short}", x509_ttl=60)
        crowd = setting.watchers(stage)
        for user in users:
            crowd.add(user, raw=6, libraries=2, tokens=20 if user == 0 else 0)
        crowd.add(short, raw=2)
        expected = 8 * len(users) + 2
        until("everybody's first SVID", lambda: len(crowd.streams()) == expected, 60)
        until("the first token", lambda: any(one["event"] == "token" for one in crowd.record()), 30)
        agents = stage.agents()

        stage.agent.counts.clear()
        gone = time.time()
        if setting.random.random() < 0.5:
            stage.issuer.kill()
        else:
            stage.issuer.stop()
        calls = failed = 0
        sinks = []
        try:
            while time.time() - gone < away:
                passed = time.time() - gone
                if passed > away / 3 and not sinks:
                    sinks.append(Sink(stage.port, is_silent=False))
                if passed > away * 2 / 3 and len(sinks) == 1:
                    sinks[0].close()
                    sinks.append(Sink(stage.port, is_silent=True))
                calls += 1
                try:
                    if stage.spiffe_id("/long/0") not in raw_calls.fetch(str(stage.socket)):
                        raise Fault("a new workload gets another identity while the issuer is away")
                except (raw_calls.Refused, OSError) as error:
                    failed += 1
                    setting.log(f"absence: a new workload is refused: {error}")
                stage.agent.must_live()
                time.sleep(1)
            reached = sum(sink.count for sink in sinks)
        finally:
            for sink in sinks:
                sink.close()
        rounds = stage.agent.counts["Round with the issuer failed"]
        back = time.time()
        stage.issuer.start()
        started = time.time()
        # Everybody's SVID fell due meanwhile.
        try:
            until("the SVIDs that fell due", lambda: len(crowd.fresh_since(back)) == expected, CATCH_UP, 0.2)
        except Fault as fault:
            raise Fault(f"{fault}; still waiting: {sorted(crowd.streams() - crowd.fresh_since(back))}") from None
        caught_up = time.time() - started
        time.sleep(3)
        record = crowd.record()
        forgiven = {stage.spiffe_id("/short"), stage.spiffe_id("/both")}
        faults = watchers.losses(record, forgiven=forgiven)
        if failed:
            faults.append(f"{failed} of {calls} new workloads were refused")
        faults += token_faults(record, gone, back)
        codes = {one["code"] for one in record
                 if one["event"] == "error" and one["who"].startswith(f"{short}/raw") and one["at"] > gone}
        if codes != {"UNAVAILABLE"}:
            faults.append(f"who has no SVID any more is told {sorted(codes) or 'nothing'} and not UNAVAILABLE")
        # 5, 10, 20 … s up to 240: with jitter, eleven rounds in ten minutes at most; and one connection for each half minute
        # once it has backed off, some more at first and for each change of the sink.
        if rounds > 12:
            faults.append(f"{rounds} rounds in {away} s: the agent does not back off")
        if reached > 12 + away * 2 / 3 / 15:
            faults.append(f"{reached} connections in {away * 2 / 3:.0f} s: the agent does not back off")
        if stage.agents() != agents or stage.agent.counts["Agent attested"]:
            faults.append("the agent attested again")
        if not watchers.judge_notices(record, forgiven):
            faults.append("what is planted into the record is not noticed, so that the record proves nothing")
        crowd.close()
        stage.issuer.stop()
        counts, records = issuer_records.judge_folder(stage.folder / "issuer", crowd.serials())
        faults += records
        if faults:
            raise Fault("; ".join(faults[:6]))
        return {"away_s": away, "streams": expected, "updates": sum(one["event"] == "svids" for one in record),
                "new_workloads": calls, "rounds_tried": rounds, "connections_tried": reached,
                "caught_up_s": round(caught_up, 1), "leaves": counts["leaves"]}


def token_faults(record, gone, back):
    """Tokens: the one that is kept goes on as long as it is valid; one for somebody new can't be had, and is refused soon."""
    faults = []
    meanwhile = [one for one in record if one["who"].endswith("/tokens") and gone < one["at"] < back]
    kept = [one for one in meanwhile if one.get("audience") == "same"]
    other = [one for one in meanwhile if one.get("audience") == "new-"]
    if not any(one["event"] == "token" for one in kept):
        faults.append("no token was handed out from what is kept")
    faults += [f"the kept token was refused: {one['code']}" for one in kept if one["event"] == "error"][:1]
    faults += [f"an ended token was handed out" for one in kept if one["event"] == "token" and one["until"] < one["at"]][:1]
    # The first ones may have been on their way.
    for one in other:
        if one["event"] == "error" and one["code"] != "UNAVAILABLE":
            faults.append(f"a token that can't be had is refused with {one['code']}")
        if one["event"] == "token" and one["at"] > gone + 5:
            faults.append("a new token while the issuer is away")
    return faults[:4]


