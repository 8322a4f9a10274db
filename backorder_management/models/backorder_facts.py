"""The facts that a run decides about, read with few queries.

Quantities are in the products' units of measure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..planning.connected import connect_products, get_fingerprint
from ..planning.exclusion import BLOCKED, IN_HAND, PINNED, get_exclusion
from ..planning.pins import has_ended
from ..planning.ranking import get_share_at_hand, is_overdue
from ..planning.reallocation import GAIN, KEEPING, LOSE, SKIP, Claim, Situation
from ..planning.supply import add_up_supplies, cut_to_limits
from .backorder_imagined import AS_IT_IS, Imagined
from .backorder_ranking import DemandRanking
from .backorder_shipping import gather_shippings
from .stock_move import OPEN_STATES

# Orders of which not simply all ships that is there.
HAS_RULES = SQL(
    "(o.picking_policy = 'one' OR o.has_delivery_groups IS TRUE"
    " OR policy.ships_as_available IS FALSE)"
)
ALL_OR_NOTHING = SQL(
    "(o.picking_policy = 'one' AND policy.ships_all_or_nothing IS NOT FALSE)"
)


@dataclass(slots=True)
class Fact:
    """What is known of one demand, or of another move that waits for its goods.

    :param ordered_qty: what the order line is about; None: components of a kit
    :param held: quantity by quant (or by key, where there is no such quant) of what is
        reserved for it and may be moved
    :param fixed: what is reserved and may not be moved
    :param excluded: why it takes no part
    :param overdue: passed over more often, or longer, than the strategy lets it be
    """

    move_id: int
    product_id: int
    location_id: int
    product_qty: float
    order: Hashable
    order_id: int | None = None
    sale_line_id: int | None = None
    partner_id: int | None = None
    picking_id: int | None = None
    warehouse_id: int | None = None
    priority: str = "0"
    needed: datetime | None = None
    ordered: datetime | None = None
    since: datetime | None = None
    agreed_days: int = 0
    policy_rank: int | None = None
    order_value: float = 0.0
    line_value: float = 0.0
    ordered_qty: float | None = None
    ships_complete: bool = False
    ruled: bool = False
    policy_changed: datetime | None = None
    excluded: str = ""
    pinned: bool = False
    outcome: str = GAIN
    passed_runs: int = 0
    passed_since: datetime | None = None
    overdue: bool = False
    received_for: bool = False
    foreign_unit: bool = False
    full_packaging: bool = False
    held: dict[Hashable, float] = field(default_factory=dict)
    fixed: float = 0.0

    @property
    def wanted(self) -> float:
        return self.product_qty - self.fixed

    @property
    def pool(self) -> tuple[int, int]:
        return (self.product_id, self.location_id)


@dataclass(slots=True)
class Facts:
    """All that a run decides about.

    :param situation: what the planner gets
    :param fact_by_move: by move id
    :param group_by_product: number of the connected group of each product
    :param fingerprints: by number of the connected group
    :param special: ids of products that only core's own routine can reserve
    :param debts: by pool, what must come in before any of it is free
    """

    situation: Situation
    fact_by_move: dict[int, Fact]
    group_by_product: dict[int, int]
    fingerprints: dict[int, str]
    special: set[int]
    debts: dict[tuple[int, int], float]


class FactFinder:
    """Reads what a run is about. Needs the rights of the superuser.

    :param at: the moment that ages are counted to, UTC
    :param product_ids: just these products, instead of what the run says
    """

    def __init__(self, run, strategy, at: datetime, product_ids=None):
        self.env = run.env
        self.run = run
        self.company = run.company_id
        self.strategy = strategy
        self.at = at
        self.product_ids = product_ids
        self.digits = self.env["decimal.precision"].precision_get("Product Unit")
        self.ranking = DemandRanking(run.env, run.company_id, strategy, at)
        # the first quant of its kind, by quant id
        self.firsts: dict[int, int] = {}

    def find(self) -> Facts:
        product_ids = self.product_ids
        if product_ids is None:
            product_ids = self.get_products()
        facts = self.read_demands(product_ids)
        self.add_competitors(facts, product_ids)
        quants = self.read_quants(facts, product_ids)
        self.read_holdings(facts, quants)
        self.set_outcomes(facts)
        return self.build(facts, quants)

    # ---------------------------------------------------------------------- scope

    def get_scope(self) -> SQL:
        """Demands of the run's company and warehouse."""
        condition = SQL("d.company_id = %s", self.company.id)
        if self.run.warehouse_id:
            condition = SQL(
                "%s AND d.warehouse_id = %s", condition, self.run.warehouse_id.id
            )
        return condition

    def get_products(self) -> list[int]:
        """Products of the run, and those of the same orders where these count as a
        whole; None selected: all."""
        wanted = set(self.run.product_ids.ids)
        wanted.update(self.run.sale_line_ids.move_ids.product_id.ids)
        if not wanted and self.run.narrowed:
            raise UserError(
                self.env._(
                    "The products or lines of %(run)s are gone. Start another run.",
                    run=self.run.name,
                )
            )
        if not wanted:
            rows = self.env.execute_query(
                SQL(
                    "SELECT DISTINCT product_id FROM backorder_demand d"
                    " WHERE %s ORDER BY product_id",
                    self.get_scope(),
                )
            )
            return [product_id for [product_id] in rows]
        condition = SQL("TRUE") if self.strategy._connects_orders() else HAS_RULES
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE connected(product_id) AS (
                    SELECT unnest(%(products)s::int[])
                     UNION
                    SELECT other.product_id
                      FROM connected
                      JOIN backorder_demand d ON d.product_id = connected.product_id
                      JOIN sale_order o ON o.id = d.order_id
                      LEFT JOIN backorder_policy policy
                        ON policy.id = o.backorder_policy_id
                      JOIN LATERAL (
                            SELECT o.id
                             UNION ALL
                            SELECT beside.id FROM sale_order beside
                             WHERE policy.ship_together = 'address'
                               AND beside.partner_shipping_id = o.partner_shipping_id
                               AND beside.backorder_policy_id = policy.id
                               AND beside.company_id = o.company_id
                               AND beside.state = 'sale'
                           ) AS together ON TRUE
                      JOIN backorder_demand other ON other.order_id = together.id
                     WHERE %(scope)s AND %(condition)s AND NOT other.own_chain
                       AND other.warehouse_id = d.warehouse_id
                )
                SELECT product_id FROM connected ORDER BY product_id
                """,
                products=sorted(wanted),
                condition=condition,
                scope=self.get_scope(),
            )
        )
        return [product_id for [product_id] in rows]

    # -------------------------------------------------------------------- demands

    def read_demands(self, product_ids: list[int]) -> dict[int, Fact]:
        in_batch = (
            SQL("p.batch_id IS NOT NULL")
            if "batch_id" in self.env["stock.picking"]._fields
            else SQL("FALSE")
        )
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT d.move_id, d.product_id, d.location_id, m.product_qty,
                       d.order_id, d.sale_line_id, d.partner_id, m.picking_id,
                       d.warehouse_id, m.priority, d.date_needed, o.date_order,
                       m.backorder_since, d.passed_runs, d.passed_since,
                       policy.rank, COALESCE(policy.agreed_days, 0),
                       o.amount_untaxed / COALESCE(NULLIF(o.currency_rate, 0), 1),
                       l.price_subtotal / COALESCE(NULLIF(o.currency_rate, 0), 1),
                       CASE WHEN l.product_id = d.product_id
                            THEN l.product_uom_qty * line_unit.factor / unit.factor
                            END,
                       %(all_or_nothing)s AND m.backorder_override IS NOT TRUE
                           AND m.backorder_exchange IS NOT TRUE,
                       %(has_rules)s AND NOT %(all_or_nothing)s
                           AND m.backorder_exchange IS NOT TRUE,
                       policy.write_date,
                       m.product_uom <> template.uom_id,
                       m.packaging_uom_id IS NOT NULL
                           AND category.packaging_reserve_method = 'full'
                           OR COALESCE(policy.whole_packages, FALSE),
                       %(has_rules)s AND policy.ship_together = 'address',
                       (o.partner_shipping_id, policy.id)::text,
                       m.picked, p.printed, %(in_batch)s, o.backorder_blocked,
                       m.reservation_date <= %(today)s, t.reservation_method,
                       l.backorder_pinned, l.backorder_pinned_until, pinner.tz
                  FROM backorder_demand d
                  JOIN stock_move m ON m.id = d.move_id
                  JOIN product_product product ON product.id = d.product_id
                  JOIN product_template template
                    ON template.id = product.product_tmpl_id
                  LEFT JOIN product_category category
                    ON category.id = template.categ_id
                  JOIN sale_order o ON o.id = d.order_id
                  JOIN sale_order_line l ON l.id = d.sale_line_id
                  JOIN uom_uom unit ON unit.id = template.uom_id
                  LEFT JOIN uom_uom line_unit ON line_unit.id = l.product_uom_id
                  LEFT JOIN backorder_policy policy
                    ON policy.id = o.backorder_policy_id
                  LEFT JOIN res_users pinning ON pinning.id = l.backorder_pinned_by
                  LEFT JOIN res_partner pinner ON pinner.id = pinning.partner_id
                  LEFT JOIN stock_picking p ON p.id = m.picking_id
                  LEFT JOIN stock_picking_type t ON t.id = m.picking_type_id
                 WHERE %(scope)s AND NOT d.own_chain
                   AND d.product_id = ANY(%(products)s)
                   AND m.state IN ('confirmed', 'partially_available', 'assigned')
                """,
                in_batch=in_batch,
                has_rules=HAS_RULES,
                all_or_nothing=ALL_OR_NOTHING,
                today=self.at.date(),
                scope=self.get_scope(),
                products=product_ids,
            )
        )
        selected = set(self.run.sale_line_ids.ids)
        received = self.get_receivers()
        facts = {}
        for row in rows:
            facts[row[0]] = fact = Fact(
                move_id=row[0],
                product_id=row[1],
                location_id=row[2],
                product_qty=row[3],
                order=("address", row[26], row[8])
                if row[25]
                else ("order", row[4], row[8]),
                order_id=row[4],
                sale_line_id=row[5],
                partner_id=row[6],
                picking_id=row[7],
                warehouse_id=row[8],
                priority=row[9] or "0",
                needed=row[10],
                ordered=row[11],
                since=row[12],
                passed_runs=row[13] or 0,
                passed_since=row[14],
                policy_rank=row[15],
                agreed_days=row[16],
                order_value=float(row[17] or 0.0),
                line_value=float(row[18] or 0.0),
                ordered_qty=row[19] and float(row[19]),
                ships_complete=bool(row[20]),
                ruled=bool(row[21]),
                policy_changed=row[22],
                foreign_unit=row[23],
                full_packaging=row[24],
                excluded=self.get_exclusion(*row[27:]),
                received_for=row[0] in received,
            )
            if selected and fact.sale_line_id not in selected and not fact.excluded:
                fact.outcome = SKIP
        return facts

    def get_exclusion(
        self,
        picked: bool,
        printed: bool | None,
        in_batch: bool,
        blocked: bool | None,
        due: bool | None,
        method: str | None,
        pinned: bool | None,
        until: date | None,
        tz: str | None,
    ) -> str:
        """Why a demand takes no part.

        :param tz: time zone of who has pinned the line
        """
        return get_exclusion(
            picked=bool(picked),
            printed=bool(printed),
            in_batch=in_batch,
            blocked=bool(blocked),
            pinned=bool(pinned) and not has_ended(until, self.at, tz),
            due=bool(due),
            method=method or "",
        )

    def get_receivers(self) -> set[int]:
        """Moves for whose order the goods were bought that a receipt brought."""
        references = self.run.received_reference_ids
        return set(references.move_ids.ids) if references else set()

    def add_competitors(self, facts: dict[int, Fact], product_ids: list[int]) -> None:
        """Other moves that wait for the same free stock: at the place core gives them.

        They lose nothing and no segment speaks of them.
        """
        if self.run.sale_line_ids:
            return
        today = self.at.date()
        moves = self.env["stock.move"].search(
            Domain("state", "in", ("confirmed", "partially_available"))
            & Domain("company_id", "=", self.company.id)
            & Domain("product_id", "in", product_ids)
            & Domain("id", "not in", list(facts))
            & Domain("procure_method", "=", "make_to_stock")
            & Domain("move_orig_ids", "=", False)
            & Domain("picked", "=", False)
            & Domain("location_id.usage", "=", "internal")
            & (
                Domain("reservation_date", "<=", today)
                | Domain("picking_type_id.reservation_method", "=", "at_confirm")
            )
        )
        if self.run.warehouse_id:
            warehouse = self.run.warehouse_id
            moves = moves.filtered(
                lambda move: move.location_id.warehouse_id == warehouse
            )
        for move in moves._filter_not_blocked():
            if move.sale_line_id.order_id._is_ruled():
                continue  # a demand that is not known yet: not without its whole order
            missing = move._get_quantity_to_share()
            if missing > 0 and not move._should_bypass_reservation():
                facts[move.id] = Fact(
                    move_id=move.id,
                    product_id=move.product_id.id,
                    location_id=move.location_id.id,
                    product_qty=missing,
                    order=("move", move.id),
                    picking_id=move.picking_id.id or None,
                    priority=move.priority or "0",
                    needed=move.date_deadline or move.date,
                    foreign_unit=move.product_uom != move.product_id.uom_id,
                    full_packaging=bool(move.packaging_uom_id)
                    and move.product_id.categ_id.packaging_reserve_method == "full",
                )

    # ---------------------------------------------------------------------- stock

    def read_quants(self, facts: dict[int, Fact], product_ids: list[int]):
        """Quants of the places that the demands take from, oldest first."""
        locations = {fact.location_id for fact in facts.values()}
        domain = Domain("product_id", "in", product_ids) & Domain(
            "location_id", "child_of", list(locations)
        )
        if "removal_date" in self.env["stock.quant"]._fields:
            # core reserves no lot that is to be removed before it ships
            domain &= Domain("removal_date", "=", False) | Domain(
                "removal_date", ">=", self.at
            )
        return self.env["stock.quant"].search(domain, order="in_date, id")

    def read_holdings(self, facts: dict[int, Fact], quants) -> None:
        """What is reserved for each demand, and whether it may be moved."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT move_id, product_id, location_id, COALESCE(lot_id, 0),
                       COALESCE(package_id, 0), COALESCE(owner_id, 0),
                       quantity_product_uom,
                       picked OR (result_package_id IS NOT NULL
                                  AND is_entire_pack IS NOT TRUE)
                  FROM stock_move_line
                 WHERE move_id = ANY(%s) AND quantity_product_uom <> 0
                 ORDER BY id
                """,
                [fact.move_id for fact in facts.values() if fact.order_id],
            )
        )
        by_key = {}
        for quant in quants:
            key = (quant.product_id.id, *quant._get_holding_key())
            self.firsts[quant.id] = by_key.setdefault(key, quant.id)
        for move_id, *key, quantity, packed in rows:
            fact = facts[move_id]
            if packed or fact.excluded in IN_HAND:
                fact.fixed = round(fact.fixed + quantity, self.digits)
                continue
            supply = by_key.get(tuple(key), tuple(key))
            fact.held[supply] = round(
                fact.held.get(supply, 0.0) + quantity, self.digits
            )

    # ------------------------------------------------------------------- outcomes

    def set_outcomes(self, facts: dict[int, Fact]) -> None:
        """What may happen to each demand; the first segment that fits it counts."""
        for fact in facts.values():
            fact.overdue = self.is_overdue(fact)
            if fact.excluded == PINNED:
                # keeps what it has, whatever a segment says, and may get more
                fact.excluded, fact.outcome, fact.pinned = "", GAIN, True
            elif fact.excluded:
                fact.outcome = LOSE if fact.excluded == BLOCKED else SKIP
        waiting = {
            fact.move_id
            for fact in facts.values()
            if fact.order_id
            and not fact.excluded
            and not fact.pinned
            and fact.outcome != SKIP
        }
        Demand = self.env["backorder.demand"]
        for segment in self.strategy.segment_ids:
            if not waiting:
                break
            domain = segment._get_domain() & Domain("company_id", "=", self.company.id)
            found = set(Demand.search_fetch(domain, ["move_id"]).move_id.ids) & waiting
            waiting -= found
            for move_id in found:
                facts[move_id].outcome = segment.outcome

    # ---------------------------------------------------------------------- build

    def build(self, facts: dict[int, Fact], quants) -> Facts:
        places = self.env["stock.quant"]._get_places(
            {fact.pool for fact in facts.values()}
        )
        pools, special = quants._get_all_pools(places)
        special |= self.get_special(product for product, _location in places)
        pool_ids = {
            (product.id, location.id): self.get_pool_ids(pool)
            for (product, location), pool in pools.items()
        }
        unreserved = {
            (product.id, location.id): pool._get_unreserved_total()
            for (product, location), pool in pools.items()
        }
        supplies = self.get_supplies(
            facts, quants, [(pool_ids[key], free) for key, free in unreserved.items()]
        )
        lacking = self.get_lacking(facts)
        shares = None
        if self.strategy._ranks_by_share_complete():
            shares = self.get_shares_complete(facts, pool_ids, supplies)
        values = self.ranking.get_values(facts, shares)
        ranks = self.ranking.rank(values, facts)
        situation = Situation(
            claims=[self.get_claim(fact, ranks) for fact in facts.values()],
            pools=pool_ids,
            supplies=supplies,
            digits=self.digits,
            lacking=lacking,
            values=self.get_order_values(facts),
            elsewhere=self.get_elsewhere(facts, pool_ids, supplies),
            arriving=self.get_arriving(facts),
            # nobody loses goods to a receipt while he works with them
            keeps_incomplete=self.run.trigger == "stock",
            rules=self.get_rules(facts),
        )
        groups = self.get_groups(facts)
        return Facts(
            situation,
            facts,
            groups,
            self.get_fingerprints(facts, groups, values, supplies, quants, lacking),
            special,
            {key: -free for key, free in unreserved.items() if free < 0},
        )

    def get_rules(self, facts: dict[int, Fact]) -> dict:
        """What orders may hold by their agreements, by order."""
        wanted: dict[Hashable, dict[int, float]] = defaultdict(dict)
        for fact in facts.values():
            if fact.ruled:
                wanted[fact.order][fact.move_id] = fact.wanted
        moves = self.env["stock.move"].browse(
            next(iter(each)) for each in wanted.values()
        )
        together = moves.sale_line_id.order_id._map_shipping_together()
        places = {
            key: move._get_shipping_place(together)
            for key, move in zip(wanted, moves, strict=True)
        }
        facts = gather_shippings(places.values())
        return {
            key: facts[place].make_rule(wanted[key]) for key, place in places.items()
        }

    def get_special(self, products) -> set[int]:
        """Ids of products with rules that only core's own routine knows."""
        products = list(products)
        if self.env["stock.move"]._has_unknown_reservation_hooks():
            return {product.id for product in products}
        return {
            product.id for product in products if not product._has_plain_reservations()
        }

    def get_claim(self, fact: Fact, ranks) -> Claim:
        return Claim(
            id=fact.move_id,
            order=fact.order,
            pool=fact.pool,
            wanted=max(0.0, round(fact.wanted, self.digits)),
            holdings=tuple(fact.held.items()),
            rank=ranks[fact.move_id],
            place=(fact.ordered or datetime.max, fact.move_id),
            outcome=fact.outcome,
            unit=self.get_unit(fact),
            fit=self.get_fit(fact),
            ships_complete=fact.ships_complete and bool(fact.order_id),
            overdue=fact.overdue,
            pinned=fact.pinned,
        )

    def get_fit(self, fact: Fact):
        """What the move's own unit, or whole packagings, can express."""
        if not fact.foreign_unit and not fact.full_packaging:
            return None
        return self.env["stock.move"].browse(fact.move_id)._get_share_fit()

    def get_unit(self, fact: Fact) -> float:
        """The smallest step of a fair share: one of the demand's own unit, or of its
        packaging where only whole ones are reserved."""
        if not fact.foreign_unit and not fact.full_packaging:
            return 1.0
        move = self.env["stock.move"].browse(fact.move_id)
        step = move.packaging_uom_id if fact.full_packaging else move.product_uom
        return step._compute_quantity(1.0, move.product_id.uom_id)

    def is_overdue(self, fact: Fact) -> bool:
        since = fact.passed_since
        return is_overdue(
            fact.passed_runs,
            (self.at - since).days if since else 0,
            self.strategy.max_passed_runs,
            self.strategy.max_passed_days,
        )

    def get_supplies(self, facts: dict[int, Fact], quants, pools) -> dict:
        """What may be divided, by supply.

        :param pools: supplies of each pool, and all that is free there
        """
        free: dict[Hashable, float] = defaultdict(float)
        held: dict[Hashable, float] = defaultdict(float)
        kept: dict[Hashable, float] = defaultdict(float)
        for quant in quants:
            free[self.firsts[quant.id]] += quant.quantity - quant.reserved_quantity
        for fact in facts.values():
            for supply, quantity in fact.held.items():
                held[supply] += quantity
                if fact.outcome in KEEPING:
                    kept[supply] += quantity
        supplies = add_up_supplies(free, held, kept, self.digits)
        return cut_to_limits(supplies, held, pools, self.digits)

    def get_pool_ids(self, pool) -> tuple[int, ...]:
        """In picking order; quants of one kind, which core has not merged yet, count
        as the first one."""
        return tuple(dict.fromkeys(self.firsts[quant_id] for quant_id in pool.ids))

    def get_shares_complete(self, facts, pool_ids, supplies) -> dict:
        held: dict[Hashable, float] = defaultdict(float)
        missing = defaultdict(list)
        for fact in facts.values():
            for supply, quantity in fact.held.items():
                held[supply] += quantity
            missing[fact.order].append(
                (fact.pool, fact.wanted - sum(fact.held.values()))
            )
        free = {
            pool: sum(supplies[each] - held.get(each, 0.0) for each in ids)
            for pool, ids in pool_ids.items()
        }
        shares = get_share_at_hand(missing, free, 0.5 * 10**-self.digits)
        return {move_id: shares[fact.order] for move_id, fact in facts.items()}

    # ---------------------------------------------------------- orders and places

    def get_lacking(self, facts: dict[int, Fact]) -> dict[Hashable, int]:
        """By order, the lines that wait for goods which this run does not decide on."""
        orders = {fact.order_id for fact in facts.values()} - {None}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT d.order_id, d.warehouse_id, d.move_id
                  FROM backorder_demand d
                 WHERE d.order_id = ANY(%s) AND d.qty_allocated < d.qty_open
                   AND %s
                """,
                sorted(orders),
                self.get_scope(),
            )
        )
        lacking: dict[Hashable, int] = defaultdict(int)
        for order_id, warehouse_id, move_id in rows:
            if move_id not in facts:
                lacking["order", order_id, warehouse_id] += 1
        return dict(lacking)

    def get_order_values(self, facts: dict[int, Fact]):
        if self.strategy.complete_by != "value":
            return None
        worth = {
            (fact.order, fact.order_id): fact.order_value for fact in facts.values()
        }
        values: dict[Hashable, float] = defaultdict(float)
        for (order, _order_id), value in worth.items():
            values[order] += value
        return dict(values)

    def get_elsewhere(self, facts, pool_ids, supplies) -> dict:
        """Of empty pools, where the company has free goods in other places: how much,
        and the id of the place that has most."""
        empty = {
            fact.pool
            for fact in facts.values()
            if not any(supplies[each] > 0 for each in pool_ids.get(fact.pool, ()))
        }
        if not empty:
            return {}
        groups = self.env["stock.quant"]._read_group(
            [
                ("product_id", "in", [product for product, _location in empty]),
                ("location_id.usage", "=", "internal"),
                ("company_id", "=", self.company.id),
            ],
            ["product_id", "location_id"],
            ["quantity:sum", "reserved_quantity:sum"],
        )
        free = defaultdict(list)
        for product, place, quantity, reserved in groups:
            if (left := round(quantity - reserved, self.digits)) > 0:
                free[product.id].append((left, place))
        return {
            pool: found
            for pool in empty
            if (found := self.get_free_outside(free[pool[0]], pool[1]))
        }

    def get_free_outside(self, free, location_id: int) -> tuple[float, int] | None:
        """
        :param free: quantity and place of what is free of a product
        :return: how much of it lies outside of a location, and where most of it does
        """
        location = self.env["stock.location"].browse(location_id)
        others = [each for each in free if not each[1]._child_of(location)]
        if not others:
            return None
        most = max(others, key=lambda each: (each[0], -each[1].id))
        return (round(sum(each for each, _place in others), self.digits), most[1].id)

    def get_arriving(self, facts: dict[int, Fact]) -> dict[tuple[int, int], float]:
        """What is to arrive, by product and place; product's unit."""
        rows = self.env.execute_query(
            SQL(
                "SELECT product_id, place_id, SUM(product_qty)"
                " FROM (%s) arrival GROUP BY 1, 2",
                self.get_arrivals_query(facts),
            )
        )
        return {(product, place): float(qty) for product, place, qty in rows}

    def find_arrivals(self, facts: Facts) -> list[tuple[int, int, int, float]]:
        """Product, place, move and quantity of what is to arrive, the earliest first;
        an arrival is there for each place around it that demands take from."""
        rows = self.env.execute_query(
            SQL(
                "SELECT product_id, place_id, move_id, product_qty"
                " FROM (%s) arrival ORDER BY date, move_id",
                self.get_arrivals_query(facts.fact_by_move),
            )
        )
        return [(*key, float(quantity)) for *key, quantity in rows]

    def get_arrivals_query(self, facts: dict[int, Fact]) -> SQL:
        """Arrivals at the places that demands take from."""
        return get_arrivals_query(
            self.company.id,
            {fact.location_id for fact in facts.values()},
            {fact.product_id for fact in facts.values()},
        )

    # --------------------------------------------------------------------- groups

    def get_groups(self, facts: dict[int, Fact]) -> dict[int, int]:
        """Products whose demands hang together have the same number."""
        whole = self.strategy._connects_orders()
        return connect_products(
            (fact.product_id, fact.order, whole or fact.ships_complete or fact.ruled)
            for fact in sorted(facts.values(), key=lambda fact: fact.product_id)
        )

    def get_fingerprints(self, facts, groups, values, supplies, quants, lacking):
        """What must not change between a proposal and its application."""
        lines = defaultdict(list)
        for fact in facts.values():
            lines[groups[fact.product_id]].append(
                (
                    "claim",
                    fact.move_id,
                    fact.pool,
                    round(fact.wanted, self.digits),
                    sorted((repr(key), qty) for key, qty in fact.held.items()),
                    fact.outcome,
                    fact.excluded,
                    fact.pinned,
                    fact.ships_complete,
                    fact.ruled and fact.policy_changed,
                    lacking.get(fact.order, 0),
                    fact.overdue,
                    [str(each.get(fact.move_id)) for each in values.values()],
                )
            )
        archived = set(
            self.env["product.product"]
            .with_context(active_test=False)
            .search([("id", "in", list(groups)), ("active", "=", False)])
            .ids
        )
        for quant in quants:
            product_id = quant.product_id.id
            if product_id in groups:
                lines[groups[product_id]].append(
                    ("stock", quant.id, supplies.get(quant.id, 0.0))
                )
        for product_id, group in groups.items():
            lines[group].append(("product", product_id, product_id in archived))
        return {group: get_fingerprint(each) for group, each in lines.items()}


def get_facts_of(
    moves, reference_ids: frozenset[int], imagined: Imagined = AS_IT_IS
) -> dict[int, Fact]:
    """What criteria look at, of moves that need not be in the planner's table."""
    facts = {}
    for move in moves.sudo():  # as for all demands of the company
        line = move.sale_line_id
        order = line.order_id
        policy = order.backorder_policy_id
        facts[move.id] = Fact(
            move_id=move.id,
            product_id=move.product_id.id,
            location_id=move.location_id.id,
            product_qty=move.product_qty,
            order=("order", order.id) if order else ("move", move.id),
            order_id=order.id or None,
            partner_id=order.partner_id.id or None,
            priority="1" if imagined.is_starred(move) else "0",
            needed=imagined.get_needed(move),
            ordered=order.date_order or None,
            since=move.backorder_since or None,
            agreed_days=policy.agreed_days,
            policy_rank=imagined.get_rank(order),
            order_value=order._to_company_currency(order.amount_untaxed),
            line_value=order._to_company_currency(line.price_subtotal),
            received_for=not reference_ids.isdisjoint(move.reference_ids.ids),
        )
    return facts


def get_arrivals_query(
    company_id: int, location_ids: Iterable[int], product_ids: Iterable[int]
) -> SQL:
    """Open moves that bring goods from outside to these places. Of a chain of them one
    step counts; what is bought for somebody who takes it away again does not."""
    return SQL(
        """
        SELECT m.id AS move_id, m.product_id, place.id AS place_id, m.product_qty,
               COALESCE(m.backorder_expected, m.date) AS date
          FROM stock_move m
          JOIN stock_location source ON source.id = m.location_id
          JOIN stock_location target
            ON target.id = COALESCE(m.location_final_id, m.location_dest_id)
          JOIN stock_location place
            ON place.id = ANY(%s)
           AND starts_with(target.parent_path, place.parent_path)
           AND NOT starts_with(source.parent_path, place.parent_path)
         WHERE m.product_id = ANY(%s) AND m.company_id = %s
           AND m.state IN %s AND target.usage = 'internal'
           AND NOT EXISTS (
                SELECT FROM stock_move_move_rel chain
                  JOIN stock_move origin ON origin.id = chain.move_orig_id
                  JOIN stock_location reached
                    ON reached.id = COALESCE(origin.location_final_id,
                                             origin.location_dest_id)
                 WHERE chain.move_dest_id = m.id AND origin.state IN %s
                   AND starts_with(reached.parent_path, place.parent_path))
           AND NOT EXISTS (
                SELECT FROM stock_move_move_rel chain
                  JOIN stock_move onward ON onward.id = chain.move_dest_id
                  JOIN stock_location reached
                    ON reached.id = onward.location_dest_id
                 WHERE chain.move_orig_id = m.id AND onward.state IN %s
                   AND onward.procure_method = 'make_to_order'
                   AND NOT starts_with(reached.parent_path, place.parent_path))
        """,
        sorted(location_ids),
        sorted(product_ids),
        company_id,
        OPEN_STATES,
        OPEN_STATES,
        OPEN_STATES,
    )
