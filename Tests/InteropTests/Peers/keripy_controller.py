# SPDX-License-Identifier: Apache-2.0
"""A scripted controller: builds and signs key events with keripy's own builders, choosing at random from a seed."""
import hashlib
import random

from keripy_api import Diger, MtrDex, Seqner, Signer, Tholder, counter, eventing

KINDS = ("JSON", "CBOR", "MGPK")


class Message:
    """One event with what was attached to it."""

    def __init__(self, controller, event, signatures, wigs, source):
        self.controller, self.event = controller, event
        self.signatures, self.wigs, self.source = signatures, wigs, source
        self.toad = controller.toad

    def encode(self, wigs=None):
        """Body and attachments as text; `wigs` replaces the witness signatures."""
        wigs = self.wigs if wigs is None else wigs
        groups = bytearray(counter("controller", len(self.signatures)))
        for signature in self.signatures:
            groups += signature.qb64b
        if wigs:
            groups += counter("witness", len(wigs)) + b"".join(wig.qb64b for wig in wigs)
        if self.source:
            groups += counter("seal-source", 1) + Seqner(sn=self.source.sn).qb64b + self.source.saidb
        if self.controller.pipelined:
            groups = counter("attached", len(groups) // 4) + bytes(groups)
        return bytes(self.event.raw) + bytes(groups)


class Controller:
    """Keys, witnesses and position of one AID."""

    def __init__(self, seed, name, rng, features, avoid=(), delegator=None):
        self.seed, self.name, self.rng = seed, name, rng
        self.features, self.avoid = features, avoid
        self.delegator = delegator
        self.made = 0
        self.pipelined = rng.random() < 0.5
        self.establishment_only = "establishment-only" in features
        self.accepted = []  # SAID of the accepted event at each sequence number
        self.last_establishment = 0
        self.dead = False
        self.event = None

    # Keys

    def keys(self, count, transferable=True):
        made = []
        for _ in range(count):
            raw = hashlib.sha256(f"{self.seed}/{self.name}/{self.made}".encode()).digest()
            self.made += 1
            made.append(Signer(raw=raw, transferable=transferable))
        return made

    @staticmethod
    def verkeys(signers):
        return [signer.verfer.qb64 for signer in signers]

    @staticmethod
    def digests(signers):
        return [Diger(ser=signer.verfer.qb64b).qb64 for signer in signers]

    def key_count(self):
        if "multi" in self.features:
            return 3
        return self.rng.randint(2, 4) if "many-keys" in self.features else 1

    def threshold(self, count):
        """A threshold over `count` keys in the form that keripy's builders take."""
        rng = self.rng
        if count == 1:
            return "1"
        if "multi" in self.features and count == 3:
            return "2"
        if "weighted" not in self.features or rng.random() < 0.3:
            return f"{rng.randint(1, count):x}"
        forms = [["1/2"] * count]
        if count >= 3:
            forms.append(["1"] + ["1/2"] * (count - 1))
            forms.append([["1/2"] * (count - 1), ["1"]])
        if count == 4:
            forms.append([["1/2", "1/2"], ["1/3", "2/3"]])
        return rng.choice(forms)

    def enough(self, wanted):
        """Positions whose weights satisfy `wanted`, found by adding positions in random order."""
        holder = Tholder(sith=wanted)
        order = list(range(holder.size))
        self.rng.shuffle(order)
        chosen = []
        for position in order:
            if chosen and holder.satisfy(indices=chosen):
                break
            chosen = sorted(chosen + [position])
        return chosen

    # Events

    def incept(self):
        rng = self.rng
        count = self.key_count()
        self.current, self.current_threshold = self.keys(count), self.threshold(count)
        self.choose_next(self.keys(self.key_count()))
        self.witnesses = self.keys(rng.randint(1, 4), transferable=False) if "witnessed" in self.features else []
        self.toad = rng.randint(1, len(self.witnesses)) if self.witnesses else 0
        traits = ["EO"] if self.establishment_only else []
        basic = count == 1 and not self.delegator and not self.witnesses and rng.random() < 0.2
        make = eventing.delcept if self.delegator else eventing.incept
        extra = dict(delpre=self.delegator.prefix) if self.delegator else {}
        event = make(
            keys=self.verkeys(self.current), isith=self.current_threshold, ndigs=self.digests(self.following),
            nsith=self.next_threshold, toad=self.toad, wits=self.verkeys(self.witnesses), cnfg=traits,
            code=MtrDex.Ed25519 if basic else MtrDex.Blake3_256, kind=rng.choice(KINDS), **extra)
        self.prefix = event.pre
        signatures = [self.current[i].sign(event.raw, index=i) for i in self.signers()]
        return self.accept(event, signatures, 0)

    def interact(self, seals=None):
        if seals is None:
            seals = [dict(i=self.prefix, s=f"{n:x}", d=self.event.said) for n in range(self.rng.randint(0, 2))]
        sn = len(self.accepted)
        event = eventing.interact(
            pre=self.prefix, dig=self.accepted[-1], sn=sn, data=seals, kind=self.rng.choice(KINDS))
        return self.accept(event, [self.current[i].sign(event.raw, index=i) for i in self.signers()], sn)

    def rotate(self, seals=None, recover_at=None, abandon=False):
        """A rotation; with `recover_at` it supersedes the interactions from that sequence number on."""
        sn = len(self.accepted) if recover_at is None else recover_at
        keys, exposed = self.compose_keys()
        threshold = self.threshold(len(keys))
        carried = [signer for j, signer in enumerate(self.following) if j not in exposed.values()]
        prior_threshold = self.next_threshold
        signing = self.rotation_signers(threshold, prior_threshold, exposed)
        if abandon:
            following, next_threshold = [], "0"
        else:
            following = self.keys(self.key_count())
            if carried and "partial" in self.features:
                following = (carried + following)[:4]
            next_threshold = self.threshold(len(following))
        before = self.witnesses
        cuts, adds = [], []
        if "witnessed" in self.features and not (recover_at is not None and "recovery-keeps-witnesses" in self.avoid):
            cuts = [w for w in before if self.rng.random() < 0.25]
            adds = self.keys(self.rng.randint(0, 2), transferable=False)
        self.witnesses = [w for w in before if w not in cuts] + adds
        self.toad = self.rng.randint(1, len(self.witnesses)) if self.witnesses else 0
        make = eventing.deltate if self.delegator else eventing.rotate
        event = make(
            pre=self.prefix, keys=self.verkeys(keys), dig=self.accepted[sn - 1], sn=sn, isith=threshold,
            ndigs=self.digests(following), nsith=next_threshold, toad=self.toad, wits=self.verkeys(before),
            cuts=self.verkeys(cuts), adds=self.verkeys(adds), data=seals or [], kind=self.rng.choice(KINDS))
        signatures = [
            keys[i].sign(event.raw, index=i, only=i not in exposed, ondex=exposed.get(i)) for i in signing]
        self.current, self.current_threshold = keys, threshold
        self.following, self.next_threshold = following, next_threshold
        self.last_establishment = sn
        self.dead = abandon
        return self.accept(event, signatures, sn)

    def compose_keys(self):
        """The keys of a rotation and, for each pre-rotated one, its position in the prior `n`."""
        rng = self.rng
        if "partial" not in self.features or rng.random() < 0.3:
            return list(self.following), {i: i for i in range(len(self.following))}
        positions = self.enough(self.next_threshold)
        entries = [(self.following[j], j) for j in positions]
        entries += [(signer, None) for signer in self.keys(rng.randint(0, 2))]
        rng.shuffle(entries)
        return [signer for signer, _ in entries], {i: j for i, (_, j) in enumerate(entries) if j is not None}

    def rotation_signers(self, threshold, prior_threshold, exposed):
        """Positions in the new key list that reach the new and the prior next threshold."""
        where = {j: i for i, j in exposed.items()}
        while True:
            chosen = set(self.enough(threshold))
            prior = Tholder(sith=prior_threshold)
            order = list(where)
            self.rng.shuffle(order)
            for j in order:
                if prior.satisfy(indices=sorted(exposed[i] for i in chosen if i in exposed)):
                    return sorted(chosen)
                chosen.add(where[j])
            if prior.satisfy(indices=sorted(exposed[i] for i in chosen if i in exposed)):
                return sorted(chosen)
            raise ValueError("the exposed keys cannot reach the prior next threshold")

    def choose_next(self, signers):
        self.following, self.next_threshold = signers, self.threshold(len(signers))

    def signers(self):
        return self.enough(self.current_threshold)

    def accept(self, event, signatures, sn):
        picked = self.rng.sample(range(len(self.witnesses)), self.rng.randint(self.toad, len(self.witnesses)))
        wigs = [self.witnesses[i].sign(event.raw, index=i) for i in sorted(picked)]
        del self.accepted[sn:]
        self.accepted.append(event.said)
        self.event = event
        return Message(self, event, signatures, wigs, None)

    # What may come next

    @property
    def recoverable(self):
        """Sequence numbers at which a recovery rotation may stand."""
        if self.delegator and "delegates-recover-latest-only" in self.avoid:
            return range(max(self.last_establishment + 1, len(self.accepted) - 1), len(self.accepted))
        return range(self.last_establishment + 1, len(self.accepted))

    def seal(self):
        return dict(i=self.prefix, s=self.event.sad["s"], d=self.event.said)
