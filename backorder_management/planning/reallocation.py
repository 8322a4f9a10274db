"""Divide stock anew among demands: who keeps, gains and loses, and why.

Quantities are in the product's unit of measure and carry `digits` decimals. Supplies
and pools are those of :mod:`allocation`; the pools of a product are nested: any two
share nothing, or one contains the other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import (
    Callable,
    Collection,
    Hashable,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field

from .complete_orders import Choice, OrderNeed, choose_complete_orders
from .fair_share import Sharer, share_fairly

# Outcomes of a segment, after SAP's backorder processing (confirmation strategies of
# advanced ATP): what may happen to what a demand holds.
WIN = "win"  # gets all, or it is an exception
GAIN = "gain"  # keeps what it has, may get more
IMPROVE = "improve"  # keeps what it has where nobody must win, may get more
REDISTRIBUTE = "redistribute"  # may gain or lose
FILL = "fill"  # may lose, never gains
LOSE = "lose"  # gives all back
SKIP = "skip"  # takes no part

KEEPING = frozenset({WIN, GAIN, SKIP})
GAINING = frozenset({WIN, GAIN, IMPROVE, REDISTRIBUTE})

# How those who may gain share what is there.
SEQUENCE = "sequence"
FAIR_SHARE = "fair_share"
COMPLETE_ORDERS = "complete_orders"

# Reasons (DESIGN §5.6).
COVERED = "covered"
OUTRANKED = "outranked"
KEPT = "kept"
NO_STOCK = "no_stock"
OTHER_LOCATION = "other_location"
AWAITS_ARRIVAL = "awaits_arrival"
WAITS_FOR_ORDER = "waits_for_order"
SHARED = "fair_share"
COMPLETES_ORDER = "completes_order"
NO_GAIN = "no_gain"
GIVEN_BACK = "given_back"
SKIPPED = "skipped"
WAITS_FOR_RULE = "waits_for_rule"


@dataclass(frozen=True, slots=True)
class Claim:
    """A demand and what it holds, as far as a run may decide about it.

    :param order: what it belongs to; orders connect products
    :param wanted: open quantity, what it holds included; without what is picked
    :param holdings: supply and quantity of what is reserved for it and may be moved
    :param rank: by the strategy's criteria, the smallest first; equal ranks are equals
    :param place: breaks ties; unique
    :param unit: smallest step of a fair share, such as a dozen
    :param fit: as that of :class:`allocation.Demand`
    :param ships_complete: of no use before all of its order is there
    :param overdue: passed over too often: it goes before all that are not
    :param pinned: keeps what it holds even where it is of no use before the order is
        complete
    """

    id: int
    order: Hashable
    pool: Hashable
    wanted: float
    holdings: tuple[tuple[Hashable, float], ...] = ()
    rank: tuple = ()
    place: tuple = ()
    outcome: str = GAIN
    unit: float = 1.0
    fit: Callable[[float], float] | None = None
    ships_complete: bool = False
    overdue: bool = False
    pinned: bool = False

    @property
    def held(self) -> float:
        return sum(quantity for _supply, quantity in self.holdings)

    @property
    def service(self) -> tuple:
        """Its place in the order of service, the smallest first."""
        return (not self.overdue, self.rank, self.place)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a run decides about.

    :param supplies: quantity by supply id: what is free, and what the claims hold
    :param limits: see :func:`allocation.allocate_in_sequence`
    :param lacking: by order, how many of its lines wait for goods that no stock of
        this situation can be, such as those made to order
    :param values: by order, in the company's currency; where orders are completed by
        value and not by number
    :param elsewhere: by pool whose product is free in other places, the numbers that
        tell how much and where
    :param arriving: by pool, what is on its way there; no demand takes from it
    :param keeps_incomplete: orders that ship only complete, or by rules, keep what
        they hold, even where they cannot use it
    :param rules: by order, which of its claims may hold what they would get; more goods
        never make it fewer claims
    """

    claims: Sequence[Claim]
    pools: Mapping[Hashable, Sequence[Hashable]]
    supplies: Mapping[Hashable, float]
    digits: int
    limits: Mapping[Hashable, float] = field(default_factory=dict)
    lacking: Mapping[Hashable, int] = field(default_factory=dict)
    values: Mapping[Hashable, float] | None = None
    elsewhere: Mapping[Hashable, tuple[float, ...]] = field(default_factory=dict)
    arriving: Mapping[Hashable, float] = field(default_factory=dict)
    keeps_incomplete: bool = False
    rules: Mapping[Hashable, Callable[[Mapping[int, float]], Collection[int]]] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class Reason:
    """The one primary reason for what a claim gets.

    :param by: the claim that was served before, or keeps the goods
    :param criterion: index of the criterion that ranks it before; -1: it was passed
        over too often; None: the tie-break
    :param numbers: quantities or counts that the sentence names
    """

    code: str
    by: int | None = None
    criterion: int | None = None
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a claim holds after the run, of what it may hold.

    :param shares: the same by supply
    """

    claim: Claim
    after: float
    reason: Reason
    shares: tuple[tuple[Hashable, float], ...] = ()

    @property
    def change(self) -> float:
        return self.after - self.claim.held


@dataclass(frozen=True, slots=True)
class Plan:
    """Decisions in order of service.

    :param violated: ids of claims that had to win, or to keep what they have, and do
        not
    :param choice: how good the choice of complete orders is, where one was made and
        all of it could be kept
    """

    decisions: tuple[Decision, ...]
    violated: frozenset[int] = frozenset()
    choice: Choice | None = None


def reallocate(
    situation: Situation, sharing: str = SEQUENCE, seconds: float = 5.0
) -> Plan:
    """Decide what each claim is to hold.

    First everybody keeps what its outcome lets it keep. Then those who must win are
    served, then those who try to keep, then all who may gain, by the way of sharing,
    and last those who may not gain: each as far as supply reaches. An order that ships
    only complete gets all it lacks or gives back what it holds.

    :param seconds: time to look for the best choice of complete orders
    """
    if sharing == COMPLETE_ORDERS:
        return _reallocate_to_complete(situation, seconds)
    share = _share_in_sequence if sharing == SEQUENCE else _share_fairly
    return _finish(_settle(situation, share))


def _reallocate_to_complete(situation: Situation, seconds: float) -> Plan:
    in_sequence = _settle(situation, _share_in_sequence)
    choice = _choose(situation, in_sequence, seconds)

    def share(division):
        division.preferred = choice.chosen
        _share_in_sequence(division)

    best = _settle(situation, share)
    if _get_worth(best) < _get_worth(in_sequence):
        best = in_sequence  # what ships only complete has changed what there was
    kept = choice.chosen <= best.get_completed_orders()
    return _finish(best, choice if kept else None)


def _settle(situation: Situation, share) -> _Division:
    """Divide; orders that ship only complete keep what they hold only if they can.

    So do those whose rules do not let them use it. What is given back may serve others,
    so that all is divided again, until nothing more is given back.
    """
    hopeless: frozenset[Hashable] = frozenset()
    barred: frozenset[int] = frozenset()
    while True:
        division = _Division(situation, hopeless, barred)
        division.divide(share)
        failed = division.get_failed_holders() - hopeless
        useless = division.get_useless_holders() - barred
        if not (failed or useless) or situation.keeps_incomplete:
            return division
        hopeless |= failed
        barred |= useless


class _Division:
    """One division of all stock, from the beginning."""

    def __init__(
        self,
        situation: Situation,
        hopeless: frozenset[Hashable],
        barred: frozenset[int] = frozenset(),
    ):
        self.situation = situation
        self.barred = barred
        self.preferred: frozenset[Hashable] = frozenset()
        self.digits = situation.digits
        self.smallest = 0.5 * 10**-situation.digits
        self.hopeless = hopeless
        self.claims = sorted(situation.claims, key=lambda claim: claim.service)
        self.ledger = _Ledger(situation)
        self.got = dict.fromkeys((claim.id for claim in self.claims), 0.0)
        self.reasons: dict[int, Reason] = {}
        self.complete = _get_complete_orders(self.claims)
        self.ruled = _get_members(self.claims, situation.rules)
        self.done: set[Hashable] = set()

    def divide(self, share) -> None:
        self.secure()
        share(self)
        self.fill()

    def secure(self) -> None:
        """All that comes before sharing."""
        self.keep()
        self.serve(claim for claim in self.claims if claim.outcome == WIN)
        self.keep_where_possible()

    # ---------------------------------------------------------------- the phases

    def keep(self) -> None:
        for claim in self.claims:
            if claim.outcome in KEEPING and (
                self.keeps_anyhow(claim)
                or (claim.order not in self.hopeless and claim.id not in self.barred)
            ):
                self.hold(claim)

    def keep_where_possible(self) -> None:
        for claim in self.claims:
            if (
                claim.outcome == IMPROVE
                and claim.order not in self.complete
                and claim.id not in self.barred
            ):
                self.give(claim, claim.held)

    def fill(self) -> None:
        for claim in self.claims:
            if claim.outcome == FILL and claim.order not in self.complete:
                self.give(claim, min(claim.held, claim.wanted))

    def keeps_anyhow(self, claim: Claim) -> bool:
        """Even goods that its order cannot use?"""
        return claim.pinned or claim.outcome == SKIP

    def serve(self, claims: Iterable[Claim]) -> None:
        """Give all these want, one after the other, as far as supply reaches."""
        for claim in claims:
            if claim.order in self.complete:
                self.complete_order(claim)
            elif claim.order in self.ruled:
                self.serve_by_rule(claim.order)
            else:
                self.give(claim, claim.wanted)

    # ---------------------------------------------------------- orders with rules

    def serve_by_rule(self, order: Hashable) -> None:
        """Give all lines of an order what they want, at the turn of its first one, as
        far as its rule lets them use it."""
        if order in self.done:
            return
        self.done.add(order)
        members = [each for each in self.ruled[order] if each.outcome in GAINING]
        usable = self.find_usable(
            order, self.ledger.try_to_take(self.get_wants(members))
        )
        for claim in members:
            if claim.id in usable:
                self.give(claim, claim.wanted)
            elif self.misses(claim):
                self.reasons[claim.id] = Reason(WAITS_FOR_RULE)

    def get_wants(self, members: Sequence[Claim]) -> list[tuple[Claim, float]]:
        return [
            (claim, claim.wanted - self.got[claim.id])
            for claim in members
            if self.misses(claim)
        ]

    def find_usable(
        self, order: Hashable, more: Mapping[int, float]
    ) -> Collection[int]:
        """Which claims of an order may hold what they have got, and so much more."""
        return self.situation.rules[order](
            {
                claim.id: self.got[claim.id] + more.get(claim.id, 0.0)
                for claim in self.ruled[order]
            }
        )

    def get_useless_holders(self) -> set[int]:
        """Claims that hold goods which their order's rule does not let them use."""
        useless: set[int] = set()
        for order, members in self.ruled.items():
            holding = {
                claim.id
                for claim in members
                if self.got[claim.id] and not self.keeps_anyhow(claim)
            }
            if holding:
                useless |= holding - set(self.find_usable(order, {}))
        return useless

    # ------------------------------------------------------------------ one claim

    def hold(self, claim: Claim) -> None:
        """Let a claim keep its own, as far as it is there: also more than it wants,
        as somebody has given it that."""
        for supply, quantity in claim.holdings:
            taken = self.ledger.keep_from(supply, quantity, claim)
            self.got[claim.id] = round(self.got[claim.id] + taken, self.digits)
        if self.got[claim.id]:
            self.ledger.remember_keeper(claim)

    def give(self, claim: Claim, wanted: float) -> None:
        """Raise what a claim gets up to a quantity, its own goods first."""
        missing = round(wanted - self.got[claim.id], self.digits)
        if missing < self.smallest:
            return
        before = self.ledger.get_served_before(claim)
        room = min(missing, self.ledger.get_available(claim.pool))
        if claim.fit:
            room = claim.fit(room)
        taken = self.ledger.take(claim, room)
        self.got[claim.id] = round(self.got[claim.id] + taken, self.digits)
        if self.misses(claim):
            self.reasons[claim.id] = self.explain(claim, before)

    def explain(self, claim: Claim, served_before: Claim | None) -> Reason:
        """Why a claim gets less than it wants.

        :param served_before: who was served, or kept goods, when its turn came
        """
        if served_before is None or not self.ledger.had_any(claim.pool):
            return self.explain_empty(claim.pool)  # it got all there was
        if claim.service < served_before.service:
            code = COMPLETES_ORDER if served_before.order in self.preferred else KEPT
            return Reason(code, served_before.id)
        return Reason(
            OUTRANKED, served_before.id, _get_difference(served_before, claim)
        )

    def explain_empty(self, pool: Hashable) -> Reason:
        arriving = self.situation.arriving.get(pool, 0.0)
        if arriving >= self.smallest:
            return Reason(AWAITS_ARRIVAL, numbers=(arriving,))
        there = self.situation.elsewhere.get(pool)
        return Reason(OTHER_LOCATION, numbers=there) if there else Reason(NO_STOCK)

    def misses(self, claim: Claim) -> bool:
        return claim.wanted - self.got[claim.id] >= self.smallest

    # ------------------------------------------------------------------ fair share

    def sharing(self, claim: Claim) -> list[Claim]:
        """Who shares at the turn of this claim: itself, or all of its order where
        that ships only complete and its first line's turn has come."""
        if claim.order not in self.complete:
            return [claim] if self.misses(claim) else []
        return self.open_order(claim.order)

    def give_shares(self, equals: Sequence[Claim], shares: Mapping[int, float]) -> None:
        """Give each its share, whoever may take from one shelf only first."""
        before = {claim.id: self.ledger.get_served_before(claim) for claim in equals}
        counts = Counter(claim.pool for claim in equals)
        totals: Counter[Hashable] = Counter()
        for claim in sorted(
            equals, key=lambda claim: len(self.ledger.pools.get(claim.pool, ()))
        ):
            totals[claim.pool] += shares[claim.id]
            missing = round(shares[claim.id] - self.got[claim.id], self.digits)
            taken = self.ledger.take(claim, missing) if missing > 0 else 0.0
            self.got[claim.id] = round(self.got[claim.id] + taken, self.digits)
        for claim in equals:
            if not self.misses(claim):
                continue
            count, total = counts[claim.pool], round(totals[claim.pool], self.digits)
            self.reasons[claim.id] = (
                Reason(SHARED, numbers=(total, count))
                if count > 1 and total
                else self.explain(claim, before[claim.id])
            )

    # ---------------------------------------------------------- complete orders

    def complete_order(self, claim: Claim) -> None:
        """Give an order all it lacks, or nothing: at the turn of its first line."""
        members = self.open_order(claim.order)
        taken = self.ledger.take_all(
            [
                (member, round(member.wanted - self.got[member.id], self.digits))
                for member in members
            ]
        )
        if taken:
            for member in members:
                self.got[member.id] = member.wanted

    def open_order(self, order: Hashable) -> list[Claim]:
        """The lines of an order whose turn comes, the first time; none where it cannot
        be complete whatever there is."""
        if order in self.done:
            return []
        self.done.add(order)
        members = self.complete[order]
        possible = not self.situation.lacking.get(order) and self.may_gain(members)
        return members if possible else []

    def may_gain(self, members: Sequence[Claim]) -> bool:
        return all(
            member.outcome in GAINING or not self.misses(member) for member in members
        )

    def is_complete(self, order: Hashable) -> bool:
        return not any(self.misses(member) for member in self.complete[order])

    def get_failed_holders(self) -> set[Hashable]:
        """Orders that hold goods they cannot use."""
        return {
            order
            for order, members in self.complete.items()
            if any(
                self.got[member.id] and not self.keeps_anyhow(member)
                for member in members
            )
            and not (self.is_complete(order) and not self.situation.lacking.get(order))
        }

    # ---------------------------------------------------------- what came of it

    def get_completed_orders(self) -> frozenset[Hashable]:
        """Orders of which everything is there."""
        waiting = {claim.order for claim in self.claims if self.misses(claim)}
        waiting.update(
            order for order, lines in self.situation.lacking.items() if lines
        )
        return frozenset({claim.order for claim in self.claims} - waiting)

    def get_needs_of_orders(self) -> dict[Hashable, dict[Hashable, float]]:
        """What each order that stock might complete still needs from each pool."""
        needs: dict[Hashable, dict[Hashable, float]] = {}
        excluded = {order for order, lines in self.situation.lacking.items() if lines}
        for claim in self.claims:
            if not self.misses(claim):
                continue
            if claim.outcome not in GAINING:
                excluded.add(claim.order)
            of_order = needs.setdefault(claim.order, {})
            missing = claim.wanted - self.got[claim.id]
            of_order[claim.pool] = round(
                of_order.get(claim.pool, 0.0) + missing, self.digits
            )
        return {order: need for order, need in needs.items() if order not in excluded}

    def get_reason(self, claim: Claim) -> Reason:
        if not self.misses(claim):
            return Reason(COVERED)
        by_outcome = {SKIP: SKIPPED, LOSE: GIVEN_BACK, FILL: NO_GAIN}
        if claim.outcome in by_outcome:
            return Reason(by_outcome[claim.outcome])
        if claim.order in self.complete:
            return self.get_reason_of_order(claim)
        return self.reasons.get(claim.id) or Reason(WAITS_FOR_RULE)

    def get_reason_of_order(self, claim: Claim) -> Reason:
        members = self.complete[claim.order]
        lacking = self.situation.lacking.get(claim.order, 0)
        # Each by itself may be there where several want the same goods.
        missing = sum(self.lacks_stock(member) for member in members) or int(
            not lacking
        )
        return Reason(
            WAITS_FOR_ORDER, numbers=(lacking + missing, lacking + len(members))
        )

    def lacks_stock(self, member: Claim) -> bool:
        """Whether a line of an order that gets nothing could not be had by itself."""
        missing = member.wanted - self.got[member.id]
        return missing - self.ledger.get_available(member.pool) >= self.smallest

    def is_violated(self, decision: Decision) -> bool:
        claim = decision.claim
        if claim.outcome == WIN:
            return self.misses(claim)
        return (
            claim.outcome == GAIN
            and claim.order not in self.complete
            and claim.id not in self.barred
            and min(claim.held, claim.wanted) - decision.after >= self.smallest
        )


def _get_complete_orders(claims: Iterable[Claim]) -> dict[Hashable, list[Claim]]:
    """The claims of each order that ships only complete."""
    bound = {claim.order for claim in claims if claim.ships_complete}
    members = defaultdict(list)
    for claim in claims:
        if claim.order in bound:
            members[claim.order].append(claim)
    return members


def _get_members(
    claims: Iterable[Claim], orders: Collection[Hashable]
) -> dict[Hashable, list[Claim]]:
    """The claims of each of these orders."""
    members = defaultdict(list)
    for claim in claims if orders else ():
        if claim.order in orders:
            members[claim.order].append(claim)
    return members


def _get_difference(winner: Claim, loser: Claim) -> int | None:
    """Index of the criterion that ranks one before the other; -1: the other was not
    passed over too often; None: nothing but the tie-break."""
    if winner.overdue != loser.overdue:
        return -1
    pairs = zip(winner.rank, loser.rank, strict=True)
    return next((index for index, (one, two) in enumerate(pairs) if one != two), None)


# ------------------------------------------------------------------------ what is left


class _Ledger:
    """What is left of each supply, and who took from where last."""

    def __init__(self, situation: Situation):
        self.digits = situation.digits
        self.smallest = 0.5 * 10**-situation.digits
        self.pools = situation.pools
        self.remaining = {
            supply: round(max(quantity, 0.0), situation.digits)
            for supply, quantity in situation.supplies.items()
        }
        self.available: dict[Hashable, float] = {}
        self.position = dict.fromkeys(situation.pools, 0)
        self.users: dict[Hashable, list[Hashable]] = defaultdict(list)
        for pool, supplies in situation.pools.items():
            total = sum(self.remaining[supply] for supply in supplies)
            limit = situation.limits.get(pool, total)
            self.available[pool] = round(min(total, limit), situation.digits)
            for supply in supplies:
                self.users[supply].append(pool)
        self.initially = dict(self.available)
        self.keepers: dict[Hashable, Claim] = {}
        self.takers: dict[Hashable, Claim] = {}
        self.shares: dict[int, dict[Hashable, float]] = defaultdict(dict)
        # what to give back where not all of an order can be had; None: no trial
        self.journal: list | None = None

    def get_available(self, pool: Hashable) -> float:
        return max(0.0, self.available.get(pool, 0.0))

    def get_around(self, pool: Hashable) -> list[Hashable]:
        """The pool itself and all that contain it."""
        supplies = self.pools.get(pool, ())
        if not supplies:
            return [pool]
        return [
            other
            for other in self.users[supplies[0]]
            if len(self.pools[other]) >= len(supplies)
        ]

    def had_any(self, pool: Hashable) -> bool:
        return self.initially.get(pool, 0.0) >= self.smallest

    def get_shares(self, claim: Claim) -> tuple[tuple[Hashable, float], ...]:
        shares = self.shares.get(claim.id, {})
        return tuple(
            (supply, taken) for supply, taken in shares.items() if taken > self.smallest
        )

    def get_served_before(self, claim: Claim) -> Claim | None:
        """Who took from the claim's pool last, else who keeps goods there."""
        taker = self.takers.get(claim.pool)
        keeper = self.keepers.get(claim.pool)
        if taker is None or taker.id == claim.id:
            return None if keeper is None or keeper.id == claim.id else keeper
        return taker

    def remember_keeper(self, claim: Claim) -> None:
        """Of those who keep goods the last in the order of service is remembered."""
        for supply, _quantity in claim.holdings:
            for pool in self.users[supply]:
                self.keepers[pool] = claim

    # ------------------------------------------------------------------------ take

    def take(self, claim: Claim, wanted: float) -> float:
        """Take up to a quantity for a claim, where it has goods already first.

        :return: what was taken
        """
        missing = wanted
        for supply, quantity in claim.holdings:
            if missing >= self.smallest:
                missing -= self._take(
                    supply, min(quantity, missing), claim, self.keepers
                )
        supplies = self.pools.get(claim.pool, ())
        while missing >= self.smallest:
            position = self.position[claim.pool]
            if position == len(supplies):
                break
            if self.remaining[supplies[position]] < self.smallest:
                self.position[claim.pool] += 1
                continue
            missing -= self._take(supplies[position], missing, claim, self.takers)
        return round(wanted - missing, self.digits)

    def _take(self, supply: Hashable, wanted: float, claim: Claim, role) -> float:
        """Take up to a quantity from one supply; return what was taken.

        :param role: takers, or keepers where the claim had the goods before: who only
            keeps its own has taken nothing from anybody
        """
        if self.journal is not None:
            before = [(pool, role.get(pool)) for pool in self.users[supply]]
        taken = self.keep_from(supply, wanted, claim)
        if taken:
            if self.journal is not None:
                self.journal.append((supply, taken, claim, role, before))
            for pool in self.users[supply]:
                role[pool] = claim
        return taken

    def keep_from(self, supply: Hashable, wanted: float, keeper: Claim) -> float:
        """The same without being remembered for it."""
        taken = min(wanted, self.remaining.get(supply, 0.0))
        if taken < self.smallest:
            return 0.0
        self._move(supply, -taken)
        shares = self.shares[keeper.id]
        shares[supply] = round(shares.get(supply, 0.0) + taken, self.digits)
        return taken

    def _move(self, supply: Hashable, quantity: float) -> None:
        self.remaining[supply] = round(self.remaining[supply] + quantity, self.digits)
        for pool in self.users[supply]:
            self.available[pool] = round(self.available[pool] + quantity, self.digits)

    def take_all(self, wanted: Sequence[tuple[Claim, float]]) -> bool:
        """Take all of these quantities, or nothing of any."""
        needed: dict[Hashable, float] = defaultdict(float)
        for claim, quantity in wanted:
            needed[claim.pool] += quantity
        # Most failures show at once; the others only where pools are nested.
        if any(
            quantity - self.get_available(pool) >= self.smallest
            for pool, quantity in needed.items()
        ):
            return False
        positions = {pool: self.position.get(pool, 0) for pool in needed}
        self.journal = []
        # Whoever may take from one shelf only comes before those who may take anywhere.
        for claim, quantity in sorted(wanted, key=self._get_width):
            if quantity - self.take(claim, quantity) >= self.smallest:
                self._undo(positions)
                break
        done, self.journal = self.journal is not None, None
        return done

    def try_to_take(self, wanted: Sequence[tuple[Claim, float]]) -> dict[int, float]:
        """What claims would get if they took what they want one after the other; all is
        as before afterwards."""
        pools = {claim.pool for claim, _quantity in wanted}
        positions = {pool: self.position.get(pool, 0) for pool in pools}
        self.journal = []
        got = {}
        for claim, quantity in wanted:
            room = min(quantity, self.get_available(claim.pool))
            got[claim.id] = self.take(claim, claim.fit(room) if claim.fit else room)
        self._undo(positions)
        return got

    def _get_width(self, wanted: tuple[Claim, float]) -> int:
        return len(self.pools.get(wanted[0].pool, ()))

    def _undo(self, positions: Mapping[Hashable, int]) -> None:
        for supply, taken, by, role, before in reversed(self.journal or ()):
            self._move(supply, taken)
            shares = self.shares[by.id]
            shares[supply] = round(shares[supply] - taken, self.digits)
            for pool, claim in before:
                if claim is None:
                    role.pop(pool, None)
                else:
                    role[pool] = claim
        self.position.update(positions)
        self.journal = None


# ---------------------------------------------------------------------- ways of sharing


def _share_in_sequence(division: _Division) -> None:
    """Serve those who may gain by rank; orders chosen to be completed first."""
    gaining = [claim for claim in division.claims if claim.outcome in GAINING]
    if division.preferred:
        division.serve(claim for claim in gaining if claim.overdue)
        division.serve(claim for claim in gaining if claim.order in division.preferred)
    division.serve(gaining)


def _share_fairly(division: _Division) -> None:
    """Share among equals: those of the same rank."""
    gaining = [claim for claim in division.claims if claim.outcome in GAINING]
    by_rank: dict[tuple, list[Claim]] = {}
    for claim in gaining:
        by_rank.setdefault((not claim.overdue, claim.rank), []).append(claim)
    for equals in by_rank.values():
        # what only serves an order as a whole cannot be shared piece by piece
        division.serve(claim for claim in equals if claim.order in division.ruled)
        equals = [claim for claim in equals if claim.order not in division.ruled]
        sharing = [member for claim in equals for member in division.sharing(claim)]
        if len(sharing) == 1 and sharing[0].order not in division.complete:
            division.give(sharing[0], sharing[0].wanted)
        elif sharing:
            _share_among(division, sharing)


def _share_among(division: _Division, equals: Sequence[Claim]) -> None:
    ledger = division.ledger
    # what stays where it is, even if the order cannot be complete, is not shared
    staying = {
        claim.id: division.got[claim.id]
        for claim in equals
        if claim.order in division.complete and division.keeps_anyhow(claim)
    }
    kept: Counter[Hashable] = Counter()
    for claim in equals:
        kept[claim.pool] += division.got[claim.id] - staying.get(claim.id, 0.0)
    nested = {pool: list(ledger.pools.get(pool, ())) for pool in kept}
    left: dict[Hashable, float] = {}
    for pool, quantity in kept.items():
        left.update((supply, ledger.remaining[supply]) for supply in nested[pool])
        # What is kept counts where it is kept, and in all places around.
        left["kept", pool] = quantity
    for pool in kept:
        for outer in ledger.get_around(pool):
            if outer in nested:
                nested[outer].append(("kept", pool))
    shares = share_fairly(
        [
            Sharer(
                claim.id,
                claim.pool,
                division.got[claim.id] - staying.get(claim.id, 0.0),
                claim.wanted - staying.get(claim.id, 0.0),
                claim.unit,
                claim.order if claim.order in division.complete else None,
            )
            for claim in equals
        ],
        nested,
        left,
        digits=division.digits,
    )
    for claim_id, quantity in staying.items():
        shares[claim_id] += quantity
    division.give_shares(equals, shares)


# ------------------------------------------------------------------- complete orders


def _choose(situation: Situation, in_sequence: _Division, seconds: float) -> Choice:
    """The orders to complete with what is left when all keep what they may."""
    division = _Division(situation, in_sequence.hopeless)
    division.secure()
    division.serve(
        claim for claim in division.claims if claim.overdue and claim.outcome in GAINING
    )
    needs = division.get_needs_of_orders()
    values = situation.values
    return choose_complete_orders(
        [
            OrderNeed(order, needed, values[order] if values else 1.0)
            for order, needed in needs.items()
        ],
        situation.pools,
        division.ledger.remaining,
        at_least=frozenset(needs) & in_sequence.get_completed_orders(),
        seconds=seconds,
        digits=situation.digits,
    )


# ------------------------------------------------------------------------- the result


def _get_worth(division: _Division) -> float:
    """Number, or value, of the orders that are complete."""
    completed = division.get_completed_orders()
    values = division.situation.values
    return sum(values[order] for order in completed) if values else len(completed)


def _finish(division: _Division, choice: Choice | None = None) -> Plan:
    decisions = tuple(
        Decision(
            claim,
            division.got[claim.id],
            division.get_reason(claim),
            division.ledger.get_shares(claim),
        )
        for claim in division.claims
    )
    return Plan(
        decisions,
        frozenset(
            decision.claim.id
            for decision in decisions
            if division.is_violated(decision)
        ),
        choice,
    )
