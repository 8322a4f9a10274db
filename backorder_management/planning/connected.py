"""What a run may decide on its own: groups that share no goods and no order."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from hashlib import sha256


def connect(links: Iterable[tuple[Hashable, Hashable]]) -> dict[Hashable, int]:
    """Number the connected groups of whatever is linked.

    :param links: pairs that belong together; a thing linked to itself stands alone
    :return: the group of each thing; groups are numbered in the order of the links
    """
    leaders: dict[Hashable, Hashable] = {}

    def find(thing):
        while leaders.setdefault(thing, thing) != thing:
            leaders[thing] = leaders[leaders[thing]]
            thing = leaders[thing]
        return thing

    for one, other in links:
        leaders[find(other)] = find(one)
    numbers: dict[Hashable, int] = {}
    return {
        thing: numbers.setdefault(find(thing), len(numbers)) for thing in list(leaders)
    }


def get_fingerprint(facts: Iterable[tuple]) -> str:
    """The same for the same facts, in whatever order they were found."""
    digest = sha256()
    for line in sorted(map(repr, facts)):
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()


def connect_products(
    lines: Iterable[tuple[Hashable, Hashable, bool]],
) -> dict[Hashable, int]:
    """Number the groups of products whose demands hang together.

    :param lines: product and order of each demand, and whether what it gets hangs on
        the other lines of its order
    """
    first: dict[Hashable, Hashable] = {}
    return connect(
        (first.setdefault(order, product) if bound else product, product)
        for product, order, bound in lines
    )
