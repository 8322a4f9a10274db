from __future__ import annotations

from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

# Removal strategies whose picking order is a plain sort of the quants.
SORTED_STRATEGIES = ("fifo", "lifo", "closest")
# What is being reserved, or given back if negative, in the product's unit.
RESERVING = "backorder_management.reserving"
# Location, lot, package and owner ids; 0 for none.
Place = tuple[int, int, int, int]


def get_place(record) -> Place:
    """Where a quant or a move line is, and whose. Records are slow as keys."""
    return (
        record.location_id.id,
        record.lot_id.id or 0,
        record.package_id.id or 0,
        record.owner_id.id or 0,
    )


class DeferredReservations:
    """Reserved quantities that are written once per quant, when all are known.

    Travels in the context. It is compared by identity, unlike a dictionary: two empty
    ones must not be taken for the same context.
    """

    def __init__(self):
        # by ids of product, location, lot, package and owner: records are slow as keys
        self.quantities: dict[tuple, float] = defaultdict(float)

    def add(self, product, location, lot, package, owner, quantity: float) -> None:
        """Note a quantity, in the product's unit; negative frees it."""
        key = (
            product.id,
            location.id,
            lot.id if lot else False,
            package.id if package else False,
            owner.id if owner else False,
        )
        self.quantities[key] += quantity


class StockQuant(models.Model):
    _inherit = "stock.quant"

    @api.model
    def _update_reserved_quantity(
        self,
        product_id,
        location_id,
        quantity,
        lot_id=None,
        package_id=None,
        owner_id=None,
        strict=True,
    ):
        # Every move line that is created or written passes here, one by one, with a
        # search, a lock and an update each. The bulk reservation sums them up first.
        deferred = self.env.context.get("backorder_deferred_reservations")
        if deferred is None:
            # for `try_lock_for_update`; a context would make an environment of its own
            # for every quantity, and all that looks for one slower
            self.env.cr.cache[RESERVING] = quantity
            try:
                return super()._update_reserved_quantity(
                    product_id,
                    location_id,
                    quantity,
                    lot_id=lot_id,
                    package_id=package_id,
                    owner_id=owner_id,
                    strict=strict,
                )
            finally:
                self.env.cr.cache.pop(RESERVING, None)
        return deferred.add(
            product_id, location_id, lot_id, package_id, owner_id, quantity
        )

    def try_lock_for_update(self, *, allow_referencing=False, limit=None):
        # Where somebody else changes a quant, core books on another one of the same
        # kind, so that each may hold a part of what is reserved, or less than nothing:
        # only their sum counts. Core then changes one of them and cuts it at zero: what
        # it cuts off is missing in the sum until a later clean-up. So it gets one that
        # is not cut; where there is none, it makes a new one.
        reserving = self.env.cr.cache.get(RESERVING)
        quants = self
        if reserving and len(self) > 1:
            quants = self._filter_bookable(reserving)
        return super(StockQuant, quants).try_lock_for_update(
            allow_referencing=allow_referencing, limit=limit
        )

    def _filter_bookable(self, quantity: float):
        """Of the quants that core may book a reservation on, those that can take it
        whole: of the first one's kind as far as that has so much reserved, else of what
        has no lot. All, where there is not so much reserved at all.

        :param quantity: product's unit; negative where it is given back
        """
        unit = self.product_uom_id
        own = self.filtered(lambda quant: quant.lot_id == self[0].lot_id)
        for quants in (own, self - own):
            reserved = sum(quants.mapped("reserved_quantity"))
            if unit.compare(reserved + quantity, 0.0) >= 0:
                return quants.filtered(
                    lambda quant: (
                        unit.compare(quant.reserved_quantity + quantity, 0.0) >= 0
                    )
                )
        return self

    # --------------------------------------------------------- facts for the planner

    def _get_reservation_pools(self, places) -> dict[tuple, models.Model]:
        """The quants that each product and source location may take from.

        :param self: quants ordered by date and id
        :param places: pairs of product and location
        :return: quants in picking order, by pair; products that core divides by more
            than an order of quants are left out
        """
        pools, special = self._get_all_pools(places)
        return {
            place: pool for place, pool in pools.items() if place[0].id not in special
        }

    def _get_all_pools(self, places) -> tuple[dict[tuple, models.Model], set[int]]:
        """The same for all products.

        :return: quants by pair, in picking order as far as there is one, and the ids of
            products that core divides by more than an order of quants
        """
        by_product = self.grouped("product_id")
        special = set(self._get_products_not_planned().ids)
        pools = {}
        for product, location in places:
            strategy = self._get_removal_strategy(product, location)
            if strategy not in SORTED_STRATEGIES:
                special.add(product.id)
            path = location.sudo().parent_path
            pools[product, location] = (
                by_product.get(product, self.browse())
                .filtered(
                    lambda q, path=path: q.location_id.parent_path.startswith(path)
                )
                ._sorted_for_removal(strategy)
            )
        return pools, special

    @api.model
    def _get_places(self, pairs):
        """Records of pairs of product id and location id, read together."""
        pairs = list(pairs)
        products = self.env["product.product"].browse(product for product, _ in pairs)
        locations = self.env["stock.location"].browse(place for _, place in pairs)
        return list(zip(products, locations, strict=True))

    def _get_products_not_planned(self):
        """Products whose stock core divides by more than an order of quants.

        Lots beside stock without lot, or beside lots with more reserved than there is:
        core counts what is free by lot, over all locations. Several quants of the same
        characteristics (until core has merged them): each reservation changes their
        dates, and so their order.
        """
        special = self.env["product.product"]
        seen = set()
        for quant in self:
            key = quant._get_reservation_key()
            if key in seen or (
                quant.product_id.tracking != "none"
                and (not quant.lot_id or quant._get_unreserved_sign() < 0)
            ):
                special |= quant.product_id
            seen.add(key)
        return special

    def _sorted_for_removal(self, strategy: str):
        """In picking order, given quants ordered by date and id; see `_gather`."""
        quants = self
        if strategy == "lifo":
            quants = quants[::-1]
        elif strategy == "closest":
            quants = quants.sorted(lambda q: (q.location_id.complete_name, -q.id))
        return quants.sorted(lambda quant: not quant.lot_id)

    def _get_free_quantities(self) -> dict[int, float]:
        """What may be taken from each quant, by id, in the product's unit."""
        return {
            quant.id: max(0.0, quant.quantity - quant.reserved_quantity)
            for quant in self
        }

    def _get_unreserved_sign(self) -> int:
        """-1 where more is reserved than there is, 0 where just that, else 1."""
        return self.product_uom_id.compare(self.quantity, self.reserved_quantity)

    def _get_unreserved_total(self) -> float:
        """On hand and not reserved, negative quants included."""
        return sum(self.mapped("quantity")) - sum(self.mapped("reserved_quantity"))

    # ------------------------------------------------------ writing many reservations

    def _apply_deferred_reservations(self, deferred: DeferredReservations) -> None:
        """Write what was deferred.

        :param self: the quants planned with
        :raise psycopg2.errors.SerializationFailure: another transaction has changed one
            of the quants since ours began; Odoo then repeats the whole request
        """
        # without the context: what is written now is deferred no more
        quants = self.sudo().with_context(backorder_deferred_reservations=None)
        # Where there are several of one kind (until core has merged them), core finds
        # one that is not locked.
        by_key = {
            key: same
            for key, same in quants.grouped(
                lambda quant: quant._get_reservation_key()
            ).items()
            if len(same) == 1
        }
        changed, unplanned = [], []
        for key, quantity in deferred.quantities.items():
            quant = by_key.get(key)
            if quant:
                changed.append((quant, quantity))
            else:
                unplanned.append((key, quantity))
        quants.browse(quant.id for quant, _quantity in changed)._lock_for_reservation()
        for quant, quantity in changed:
            quant.reserved_quantity = max(0, quant.reserved_quantity + quantity)
        for (product, location, lot, package, owner), quantity in unplanned:
            quants._update_reserved_quantity(
                self.env["product.product"].browse(product),
                self.env["stock.location"].browse(location),
                quantity,
                lot_id=self.env["stock.lot"].browse(lot),
                package_id=self.env["stock.package"].browse(package),
                owner_id=self.env["res.partner"].browse(owner),
            )

    def _get_reservation_key(self) -> tuple:
        """Ids of what makes a quant distinct for a move line."""
        return (self.product_id.id, *get_place(self))

    def _lock_for_reservation(self) -> None:
        """Wait until nobody else changes these quants, in one order for everybody.

        Core skips a locked quant and books the reservation on a new one, so that two
        processes may both promise the last piece. We wait instead: either the other one
        gives up, or PostgreSQL reports that our plan was made on outdated figures.
        """
        if self:
            self.env.execute_query(
                SQL(
                    "SELECT id FROM stock_quant WHERE id IN %s"
                    " ORDER BY id FOR NO KEY UPDATE",
                    tuple(self.ids),
                )
            )
