# SPDX-License-Identifier: Apache-2.0
"""Random key event histories made with keripy, and the key states that keripy itself reaches on them."""
import random

from keripy_api import NEWER, counter, eventing
from keripy_controller import Controller
from keripy_validator import Validator

# What keripy cannot take although it is right (docs/peers.md); histories that it makes or gets avoid it.
QUIRKS = ("delegates-recover-latest-only",)
if NEWER:
    QUIRKS += ("recovery-keeps-witnesses", "recovery-repeats-witness-changes", "delegates-arrive-in-order")

FEATURES = {
    "single": set(),
    "multi": {"multi", "many-keys"},
    "weighted": {"many-keys", "weighted"},
    "witnessed": {"witnessed"},
    "partial": {"many-keys", "partial"},
    "delegated": {"many-keys", "delegated"},
    "recovery": {"recovery"},
}


def random_features(rng):
    features = {name for name in ("many-keys", "weighted", "witnessed", "partial", "delegated") if rng.random() < 0.5}
    if rng.random() < 0.1:
        features.add("establishment-only")
    # Whoever mends order by escrow sees another first-seen order than whoever recovers: one of the two.
    features.add(rng.choice(["recovery", "disorder", "plain"]))
    return features


class History:
    """`count` key events over one AID or, when delegated, an AID, its delegate and perhaps the delegate's delegate."""

    def __init__(self, seed, kind, count, avoid=()):
        self.rng = random.Random(f"{seed}/{kind}/{count}")
        self.features = random_features(self.rng) if kind == "random" else set(FEATURES[kind])
        self.seed, self.count, self.avoid = seed, count, frozenset(avoid)
        self.messages = []
        self.controllers = []

    def make(self):
        """Builds the messages; returns the stream."""
        self.add_controller(None)
        while len(self.messages) < self.count:
            self.step(self.count - len(self.messages))
        return self.stream()

    def step(self, left):
        rng = self.rng
        if "delegated" in self.features and left >= 2 and len(self.controllers) < 3:
            if len(self.controllers) == 1 or rng.random() < 0.1:
                self.add_controller(self.controllers[-1])
                return
        alive = [c for c in self.controllers if not c.dead]
        controller = rng.choice(alive)
        cost = self.chain_cost(controller)
        roll = rng.random()
        if left == 1 and not controller.delegator and roll < 0.1 and len(alive) == len(self.controllers):
            self.messages.append(controller.rotate(abandon=True))
        elif "recovery" in self.features and roll < 0.25 and controller.recoverable and cost <= left:
            self.establish(controller, recover_at=rng.choice(list(controller.recoverable)))
        elif (controller.establishment_only or roll < 0.45) and cost <= left:
            self.establish(controller)
        elif not controller.establishment_only:
            self.messages.append(controller.interact())

    def chain_cost(self, controller):
        """Events of an establishment of `controller`: its own and the delegator's that seals it, and so on up."""
        if not controller.delegator:
            return 1
        # A delegator that only establishes must rotate to seal, which its own delegator must seal.
        upward = self.chain_cost(controller.delegator) if controller.delegator.establishment_only else 1
        return 1 + upward

    def add_controller(self, delegator):
        controller = Controller(
            self.seed, f"aid{len(self.controllers)}", self.rng, self.features, self.avoid, delegator)
        if delegator:
            controller.establishment_only = False
        self.controllers.append(controller)
        self.approve(controller, controller.incept())

    def establish(self, controller, recover_at=None):
        self.approve(controller, controller.rotate(recover_at=recover_at))

    def approve(self, controller, message):
        """Puts the delegator's seal before the delegate's event."""
        delegator = controller.delegator
        if delegator:
            seals = [controller.seal()]
            if delegator.establishment_only:
                self.approve(delegator, delegator.rotate(seals=seals))
            elif not delegator.delegator and self.rng.random() < 0.2:
                self.messages.append(delegator.rotate(seals=seals))
            else:
                self.messages.append(delegator.interact(seals=seals))
            message.source = delegator.event
        self.messages.append(message)

    def stream(self):
        """The messages in their order; with disorder some come late and some witness signatures by receipt."""
        parts = []
        # keripy loses witness signatures of events that wait for their delegator.
        delegated = "delegated" in self.features
        disorder = "disorder" in self.features and not (delegated and "delegates-arrive-in-order" in self.avoid)
        receipts = disorder and not delegated
        for message in self.messages:
            if receipts and message.wigs and self.rng.random() < 0.3:
                kept = self.rng.randint(0, max(0, message.toad - 1))
                parts.append(message.encode(wigs=message.wigs[:kept]))
                parts.append(receipt(message.event, message.wigs[kept:]))
            else:
                parts.append(message.encode())
        if disorder:
            for position in range(1, len(parts)):
                if self.rng.random() < 0.15:
                    parts[position - 1], parts[position] = parts[position], parts[position - 1]
        return b"".join(parts)


def receipt(event, wigs):
    """A receipt message with indexed witness signatures."""
    body = eventing.receipt(pre=event.pre, sn=event.sn, said=event.said)
    return bytes(body.raw) + counter("witness", len(wigs)) + b"".join(wig.qb64b for wig in wigs)


def make(seed, kind="random", count=30, avoid=QUIRKS):
    """A history, its stream, and what keripy says about it."""
    history = History(seed, kind, count, avoid)
    stream = history.make()
    validator = Validator()
    try:
        seen = validator.feed(stream)
    finally:
        validator.close()
    for controller in history.controllers:
        state = seen["states"].get(controller.prefix)
        if state is None or state["d"] != controller.event.said:
            raise ValueError(
                f"keripy does not reach the end of its own history: seed {seed}, kind {kind}, "
                f"{controller.prefix} at {state and state['s']}, built to {controller.event.sad['s']}, "
                f"escrows {seen['escrows']}, faults {seen['faults']}")
    return dict(
        seed=seed, kind=kind, events=len(history.messages), features=sorted(history.features),
        prefixes=[controller.prefix for controller in history.controllers],
        stream=stream, messages=seen["messages"],
        states=seen["states"], log=seen["log"], escrows=seen["escrows"])
