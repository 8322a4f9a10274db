"""Divide scarce supply among demands of equal rank: as evenly as whole steps allow.

Max-min fairness, as if water were poured: a common level rises, everybody gets what
the level says but never less than they keep nor more than they ask; where a pool runs
dry its sharers stay where they are, the others rise on.

Inside, quantities are whole numbers of the smallest quantity, `10 ** -digits`, so that
nothing is lost or found in rounding.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import ceil, floor
from operator import attrgetter


@dataclass(frozen=True, slots=True)
class Sharer:
    """Somebody who takes part; quantities in the product's unit of measure.

    :param pool: which supplies it may take from
    :param least: what it keeps in any case; what all keep fits into the supplies
    :param most: all it asks for, not below `least`
    :param unit: its smallest step, such as a piece, a dozen, a hundredth of a kilogram
    :param group: ships only complete: all sharers of a group get their `most`, or
        each of them gets nothing, not even its `least`
    """

    id: int
    pool: Hashable
    least: float
    most: float
    unit: float
    group: Hashable | None = None


def share_fairly(
    sharers: Sequence[Sharer],
    pools: Mapping[Hashable, Sequence[Hashable]],
    supplies: Mapping[Hashable, float],
    *,
    digits: int,
) -> dict[int, float]:
    """What each sharer gets: its `least`, whole steps more, or its `most`.

    What whole steps leave over goes one step each to those who have least, and among
    those who have the same in the order in which they are given. Nothing is left that
    a sharer could take in a whole step, or a group as a whole.

    :param sharers: in the order in which leftovers are offered; of the groups that
        cannot be complete together the last given one is dropped first
    :param pools: supply ids by pool; any two pools are disjoint or one contains the
        other; an unknown pool is empty
    :param supplies: quantity by supply id, what covers the `least` of the sharers
        included; nothing is taken from zero or less
    :param digits: decimal places of all quantities
    :return: quantity by sharer id
    """
    scale = 10**digits
    shares = _open_shares(sharers, pools, supplies, scale)
    trees = list(dict.fromkeys(share.tree for share in shares))
    groups = _open_groups(sharers, shares)
    for tree in trees:
        tree.fill()
    _drop_incomplete(groups)
    _take_back(groups)
    return {
        sharer.id: round(share.given / scale, digits)
        for sharer, share in zip(sharers, shares, strict=True)
    }


@dataclass(frozen=True, slots=True)
class _Points:
    """Quantities, prepared to say at once how far a level stands above them."""

    ordered: Sequence[int]
    sums: Sequence[int]

    @classmethod
    def of(cls, quantities: Iterable[int]) -> _Points:
        ordered = sorted(quantities)
        return cls(ordered, [0, *accumulate(ordered)])

    def below(self, level: int) -> int:
        """How much it takes to lift all that is below the level up to it."""
        count = bisect_left(self.ordered, level)
        return count * level - self.sums[count]


_NO_POINTS = _Points.of(())


@dataclass(slots=True, eq=False)
class _Pool:
    """Supplies that some sharers may take from, and how far they are emptied.

    `path` is the pool itself and all wider ones, the narrowest first; `children` are
    the widest pools within it. `starts` and `ends` are what those who rise have and
    ask for, without those of the children.
    """

    supply: int
    parent: _Pool | None
    path: tuple[_Pool, ...] = ()
    children: list[_Pool] = field(default_factory=list)
    left: int = 0
    level: int = 0
    starts: _Points = _NO_POINTS
    ends: _Points = _NO_POINTS

    def __post_init__(self):
        self.path = (self,)
        if self.parent:
            self.path += self.parent.path
            self.parent.children.append(self)

    def needed(self, level: int) -> int:
        """What is taken, beyond what everybody has, when all rise to the level.

        Those of a narrower pool take no more than is left in theirs.
        """
        own = self.starts.below(level) - self.ends.below(level)
        return own + sum(
            [min(child.needed(level), max(child.left, 0)) for child in self.children]
        )

    def find_level(self, lowest: int, highest: int):
        """Set how far what is left lets all rise; `highest` if nobody is stopped."""
        if self.needed(highest) <= self.left:
            self.level = highest
        else:
            levels = range(lowest, highest)
            passed = bisect_right(levels, self.left, key=self.needed)
            self.level = lowest + passed - 1


@dataclass(slots=True, eq=False)
class _Tree:
    """Pools that overlap, and all who share in them, in the order given."""

    pools: list[_Pool] = field(default_factory=list)
    shares: list[_Share] = field(default_factory=list)

    def fill(self):
        """Give to everybody who takes part.

        After the level has risen as far as it can and each has one step more, only
        those rise on whose next step is small enough for what the others could not
        take; as that is less each time, there are few rounds. In the end the pools
        know those who ask for more than they have.
        """
        for pool in self.pools:
            pool.left = pool.supply
        for share in self.shares:
            share.given = 0
        present = [share for share in self.shares if not share.dropped]
        for share in present:
            share.take(share.least)
        rising = [share for share in present if share.can_step()]
        while rising:
            for share in sorted(self._raise_level(rising), key=attrgetter("given")):
                if share.can_step():
                    share.take(share.next_step())
            rising = [share for share in rising if share.can_step()]
        self.set_points([share for share in present if share.given < share.most])

    def _raise_level(self, rising: list[_Share]) -> list[_Share]:
        """Lift all as far as the level reaches.

        :return: those who now stand at the level, not those who keep more than it
        """
        self.set_points(rising)
        lowest = min(share.given for share in rising)
        highest = max(share.most for share in rising)
        for pool in self.pools:
            pool.find_level(lowest, highest)
        reached = []
        for share in rising:
            level = min([pool.level for pool in share.path])
            if share.given <= level:
                share.take(share.whole_steps(level))
                reached.append(share)
        return reached

    def set_points(self, rising: list[_Share]):
        """Let the pools know what those who rise have and what they ask for."""
        by_pool: dict[_Pool, list[_Share]] = {pool: [] for pool in self.pools}
        for share in rising:
            by_pool[share.path[0]].append(share)
        for pool, own in by_pool.items():
            pool.starts = _Points.of([share.given for share in own])
            pool.ends = _Points.of([share.most for share in own])


@dataclass(slots=True, eq=False)
class _Share:
    """What becomes of a sharer while supply is divided.

    `unit` may be no whole number, such as a piece of a product counted in dozens; it
    is never smaller than the smallest quantity.
    """

    least: int
    most: int
    unit: float
    path: tuple[_Pool, ...]
    tree: _Tree
    given: int = 0
    dropped: bool = False

    def take(self, quantity: int):
        """Have this quantity instead of what was given before."""
        for pool in self.path:
            pool.left -= quantity - self.given
        self.given = quantity

    def next_step(self) -> int:
        """What it would have with one step more."""
        steps = round((self.given - self.least) / self.unit)
        return self._after(steps + 1)

    def whole_steps(self, level: int) -> int:
        """The most it can have in whole steps without being above the level."""
        if level >= self.most:
            return self.most
        steps = int((level - self.least + 0.5) / self.unit)
        quantity = self._after(steps)
        return quantity if quantity <= level else self._after(steps - 1)

    def _after(self, steps: int) -> int:
        return min(self.most, floor(self.least + steps * self.unit + 0.5))

    def can_step(self) -> bool:
        """Whether it asks for more and one step more is there."""
        return self.given < self.most and self.bottleneck() is None

    def bottleneck(self) -> _Pool | None:
        """The narrowest pool that has too little left for one step more."""
        step = self.next_step() - self.given
        for pool in self.path:
            if pool.left < step:
                return pool
        return None


def _open_shares(sharers, pools, supplies, scale) -> list[_Share]:
    """One share per sharer, in the same order, on pools that know their parents."""
    used = dict.fromkeys(sharer.pool for sharer in sharers)
    opened = _open_pools(used, pools, supplies, scale)
    trees = {pool: _Tree() for pool in opened.values() if not pool.parent}
    for pool in dict.fromkeys(opened.values()):
        trees[pool.path[-1]].pools.append(pool)
    shares = []
    for sharer in sharers:
        path = opened[sharer.pool].path
        share = _Share(
            least=round(sharer.least * scale),
            most=round(sharer.most * scale),
            unit=max(sharer.unit * scale, 1.0),
            path=path,
            tree=trees[path[-1]],
        )
        share.tree.shares.append(share)
        shares.append(share)
    return shares


def _open_pools(used, pools, supplies, scale) -> dict[Hashable, _Pool]:
    """The pools in use, each within the narrowest that contains it.

    Pools with the same goods are one pool: what is empty makes no difference.
    """
    quantities = {
        supply: round(quantity * scale)
        for supply, quantity in supplies.items()
        if quantity > 0
    }
    goods = {
        pool: frozenset(quantities.keys() & set(pools.get(pool, ()))) for pool in used
    }
    opened: dict[frozenset, _Pool] = {}
    narrowest: dict[Hashable, _Pool] = {}
    for content in sorted(dict.fromkeys(goods.values()), key=len, reverse=True):
        around = {narrowest.get(supply) for supply in content}
        if len(around) > 1:
            raise ValueError("Pools overlap, but neither contains the other.")
        parent = around.pop() if around else None
        pool = _Pool(sum(quantities[supply] for supply in content), parent)
        opened[content] = pool
        narrowest.update(dict.fromkeys(content, pool))
    return {pool: opened[content] for pool, content in goods.items()}


@dataclass(slots=True, eq=False)
class _Group:
    """Sharers that ship together or not at all."""

    members: list[_Share] = field(default_factory=list)
    dropped: bool = False

    def is_complete(self) -> bool:
        return all(share.given >= share.most for share in self.members)

    def first_short(self) -> _Share:
        """The first member that keeps the group from being complete."""
        return next(share for share in self.members if share.given < share.most)

    def drop(self):
        self.dropped = True
        for share in self.members:
            share.dropped = True

    def take_all(self) -> bool:
        """Take what the members ask, if there is enough for all of them."""
        for share in self.members:
            share.take(share.most)
        if all(pool.left >= 0 for share in self.members for pool in share.path):
            return True
        self.give_back()
        return False

    def give_back(self):
        """Leave everything to the others, what the members keep included."""
        for share in self.members:
            share.take(0)

    def could_be_complete(self) -> bool:
        """Whether there is enough beside those whom the pools know, were it alone.

        Others rise as far as its members do, who may owe their last step to a leftover.
        """
        if not self.take_all():
            return False
        fair = all(
            pool.needed(share.most - ceil(share.unit)) <= pool.left
            for share in self.members
            if share.least < share.most
            for pool in share.path
        )
        self.give_back()
        return fair


def _open_groups(sharers, shares) -> list[_Group]:
    """The groups in the order of their first members."""
    groups: dict[Hashable, _Group] = {}
    for sharer, share in zip(sharers, shares, strict=True):
        if sharer.group is not None:
            groups.setdefault(sharer.group, _Group()).members.append(share)
    return list(groups.values())


def _trees(groups: Iterable[_Group]) -> Iterable[_Tree]:
    return dict.fromkeys(share.tree for group in groups for share in group.members)


def _incomplete(groups: list[_Group]) -> list[_Group]:
    return [group for group in groups if not group.dropped and not group.is_complete()]


def _drop_incomplete(groups: list[_Group]):
    """Drop groups until all that are left are complete, the last given one first.

    As dropping one may complete another, their pools are filled anew in between.
    """
    failing = _incomplete(groups)
    _drop_hopeless(failing)
    while failing := _incomplete(groups):
        chosen = _last_failing(failing)
        for group in chosen:
            group.drop()
        for tree in _trees(chosen):
            tree.fill()


def _drop_hopeless(failing: list[_Group]):
    """Drop the groups that would fail even if no other failing one took part.

    They could only push out others before they fail themselves. Those who are not in
    a failing group have no less when it is gone.
    """
    members = {share for group in failing for share in group.members}
    for group in failing:
        group.give_back()
    for tree in _trees(failing):
        others = [share for share in tree.shares if share not in members]
        tree.set_points([share for share in others if share.given < share.most])
    for group in failing:
        if not group.could_be_complete():
            group.drop()
    for tree in _trees(failing):
        tree.fill()


def _last_failing(failing: list[_Group]) -> list[_Group]:
    """The last given of the failing groups, and those before it that fail even then.

    A group fails as long as what the dropped ones leave at its bottleneck does not
    lift all there to what the least demanding of the failing groups asks. Leftovers
    may complete one a little earlier, therefore no more than an eighth goes at once.
    """
    candidates = []
    levels: dict[_Pool, int] = {}
    for group in failing:
        share = group.first_short()
        pool = share.bottleneck()
        candidates.append((group, pool))
        levels[pool] = min(share.most, levels.get(pool, share.most))
    missing = {pool: pool.needed(level) - pool.left for pool, level in levels.items()}
    chosen: list[_Group] = []
    for group, bottleneck in reversed(candidates[len(candidates) * 7 // 8 :]):
        if chosen and missing[bottleneck] <= 0:
            break
        chosen.append(group)
        for share in group.members:
            for pool in missing.keys() & share.path:
                missing[pool] -= max(share.given, min(share.most, levels[pool]))
    return chosen


def _take_back(groups: list[_Group]):
    """Serve dropped groups from what nobody else could take, the first given first."""
    for group in groups:
        if group.dropped:
            group.take_all()
