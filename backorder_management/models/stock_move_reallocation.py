"""Where reservations meet strategies, blocks and orders that ship only complete."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from odoo import fields, models

from ..planning.reallocation import Claim, Situation, reallocate
from .backorder_facts import get_facts_of
from .backorder_imagined import AS_IT_IS, Imagined
from .backorder_ranking import DemandRanking
from .backorder_shipping import gather_shippings


class StockMove(models.Model):
    _inherit = "stock.move"

    def _filter_not_blocked(self):
        """Leave out demands of blocked orders: they take no goods."""
        # Warehouse users need not have the right to read sales orders.
        orders = self.sudo().sale_line_id.order_id.filtered("backorder_blocked")
        if not orders:
            return self
        return self.filtered(
            lambda move: (
                move.sudo().sale_line_id.order_id not in orders
                or not move._is_backorder_demand()
            )
        )

    # ------------------------------------------------------------ order of service

    def _get_ranks_by_strategy(
        self, imagined: Imagined = AS_IT_IS
    ) -> dict[int, tuple] | None:
        """The place of each move by its warehouse's strategy; None where all of them
        have the standard order of service."""
        Strategy = self.env["backorder.strategy"].sudo()
        moves = self.sudo()
        # most often all have, which takes no look at each move
        if all(
            Strategy._get_for(company, warehouse)._has_standard_order()
            for company in moves.company_id
            for warehouse in (*moves.location_id.warehouse_id, None)
        ):
            return None
        places = moves.grouped(
            lambda move: (move.company_id, move.location_id.warehouse_id)
        )
        strategies = {place: Strategy._get_for(*place) for place in places}
        if all(each._has_standard_order() for each in strategies.values()):
            return None
        ranks: dict[int, tuple] = {}
        for place, moves in places.items():
            for move_id, rank in (
                strategies[place]._rank_moves(moves, imagined=imagined).items()
            ):
                # moves of two warehouses never compete for the same goods
                ranks[move_id] = (place[0].id, place[1].id, *rank)
        return ranks

    # ----------------------------------------------- orders with rules of what ships

    def _without_useless_reservations(self):
        """In the same order, without demands of orders whose agreement would not let
        them ship: they would keep goods from others that they cannot use.

        Lines of such an order come together, at the place of its first one.
        """
        bound = self._get_bound_orders()
        if not bound:
            return self
        decisions = reallocate(self._get_situation(bound)).decisions
        getting = {each.claim.id for each in decisions if each.after > 0}
        members = defaultdict(list)
        for move in self:
            if move.id in getting and move.id in bound:
                members[bound[move.id]].append(move.id)
        ids: list[int] = []
        for move in self:
            order = bound.get(move.id)
            if order is None:
                ids.append(move.id)
            elif move.id in getting:
                ids.extend(members.pop(order, ()))
        return self.browse(ids)

    def _inverse_picked(self):
        # Whoever picks decides. What a delivery that ships only complete does not hold
        # is taken now; core would have held it since it was there. Whoever takes the
        # mark away leaves to others again what the delivery cannot use.
        if held_back := self._filter_held_back():
            held_back._take_what_is_free()
        stopped = self.filtered(
            lambda move: not move.picked and any(move.move_line_ids.mapped("picked"))
        )
        result = super()._inverse_picked()
        if stopped:
            stopped._filter_held_in_vain()._release()
        return result

    def _filter_held_back(self):
        """Of moves that somebody marks as picked, those that hold nothing as their
        order is to ship complete.

        Validating marks all moves of a transfer, those too of which nothing is to ship.
        """
        holding = self.filtered("quantity")
        marked = (self - holding).filtered("picked")
        if not marked:
            return marked
        shipping = holding.picking_id
        ruled = marked._get_ruled_orders()
        return marked.filtered(
            lambda move: (
                move.picking_id not in shipping
                and move.state in ("confirmed", "partially_available")
                and move.sudo().sale_line_id.order_id in ruled
                and move._is_backorder_demand()
                and move._should_assign_at_confirm()
                and not move._should_bypass_reservation()
            )
        )._filter_not_blocked()

    def _filter_held_in_vain(self):
        """Of moves that nobody picks any more, those that hold goods which the
        agreement does not let them ship."""
        if self.env.context.get("backorder_cancelling"):
            return self.browse()  # all that is held becomes free in a moment
        return self._filter_useless_reservations()

    def _filter_useless_reservations(self):
        """Moves that hold goods which the agreement does not let them ship, and that
        nobody is working with."""
        holding = self.filtered(
            lambda move: (
                move.quantity
                and move._is_movable()
                and not move.sudo().sale_line_id._is_pinned()
            )
        )
        useless = self.browse()
        bound = holding._get_bound_orders()
        moves_by_place = holding.filtered(lambda move: move.id in bound).grouped(
            lambda move: bound[move.id]
        )
        for place, facts in gather_shippings(moves_by_place).items():
            moves = moves_by_place[place]
            wanted = {move.id: move._get_quantity_to_reserve() for move in moves}
            usable = facts.make_rule(wanted)({})
            useless |= moves.filtered(lambda move, ids=usable: move.id not in ids)
        return useless

    def _give_back_useless_reservations(self):
        """Of orders whose agreement does not let them ship any more, such as raised
        ones: what they hold goes to others."""
        orders = self._get_ruled_orders()
        if not orders:
            return
        holding = orders._add_orders_shipping_together().order_line.move_ids
        demands = holding.filtered("quantity")._filter_backorder_demands()
        demands.with_env(self.env)._filter_useless_reservations()._release()

    def _take_what_is_free(self):
        for move in self:
            move._take_up_to(move._get_quantity_to_reserve())

    def _take_up_to(self, quantity: float) -> float:
        """Reserve what is free, no more than is wanted, as core does.

        :return: what could be reserved; both in the product's unit
        """
        taken = self._update_reserved_quantity(
            min(quantity, self._get_quantity_to_reserve()),
            self.location_id,
            strict=False,
        )
        self._recompute_state()
        self._place_reserved_lines()
        return taken

    def _get_bound_siblings(self):
        """Other demands of orders with rules of what ships: it is all of an order
        together that may ship or not, whoever asks for which part."""
        orders = self._get_ruled_orders()
        if not orders:
            return self.browse()
        orders = orders._add_orders_shipping_together()
        siblings = orders.order_line.move_ids._filter_backorder_demands() - self
        return siblings.with_env(self.env).filtered(
            lambda move: (
                move.state in ("confirmed", "partially_available") and not move.picked
            )
        )

    def _get_ruled_orders(self):
        """Orders of these moves of which not simply all ships that is there."""
        if not self:
            return self.env["sale.order"]
        # sudo: warehouse users need not have the right to read orders
        orders = self.sudo().sale_line_id.order_id
        return orders.filtered(lambda order: order._is_ruled())

    def _get_bound_orders(self) -> dict[int, tuple]:
        """Order and warehouse of demands with rules of what ships, by move id."""
        ruled = self._get_ruled_orders()
        if not ruled:
            return {}
        together = ruled._map_shipping_together()
        return {
            move.id: move._get_shipping_place(together)
            for move in self.sudo()  # sudo: as above
            if move.sale_line_id.order_id in ruled
            and not move.backorder_override
            and not move.backorder_exchange
            and move._is_backorder_demand()
            and not move._should_bypass_reservation()
        }

    def _get_situation(self, bound) -> Situation:
        """What these moves want of the stock that is free, in their order."""
        waiting = self.filtered(
            lambda move: move.id in bound or move._takes_from_stock()
        )
        moves_by_place = waiting._group_by_place()
        quants = self._get_quants_to_reserve(moves_by_place)
        pools, _special = quants._get_all_pools(moves_by_place)
        ids = {
            (product.id, location.id): pool.ids
            for (product, location), pool in pools.items()
        }
        wanted = {move.id: move._get_quantity_to_reserve() for move in waiting}
        return Situation(
            claims=[
                Claim(
                    id=move.id,
                    order=bound.get(move.id, move.id),
                    pool=(move.product_id.id, move.location_id.id),
                    wanted=wanted[move.id],
                    place=(place,),
                    fit=move._get_reservation_fit(),
                )
                for place, move in enumerate(waiting)
            ],
            pools=ids,
            supplies=quants._get_free_quantities(),
            digits=self.env["decimal.precision"].precision_get("Product Unit"),
            limits={
                (product.id, location.id): pool._get_unreserved_total()
                for (product, location), pool in pools.items()
            },
            rules={
                place: facts.make_rule(wanted)
                for place, facts in gather_shippings(bound.values()).items()
            },
        )

    # ---------------------------------------------------------------- reallocation

    def _reallocate(self, references=None):
        """Let runs divide the goods that these moves wait for, as the settings say.

        :param references: what the goods were bought for that have just come in
        """
        Run = self.env["backorder.run"]
        for company, moves in self.grouped("company_id").items():
            if company.sudo().backorder_on_receipt == "no":
                received = frozenset(references.ids) if references else frozenset()
                moves.with_context(
                    backorder_received_reference_ids=received
                )._action_assign()
            else:
                Run._start_for(moves, company, references)


class BackorderStrategy(models.Model):
    _inherit = "backorder.strategy"

    def _rank_moves(
        self, moves, planned=(), imagined: Imagined = AS_IT_IS
    ) -> dict[int, tuple]:
        """The place of each move in this strategy's order of service, by id.

        :param planned: facts of what is no move yet, each with an id of its own
        :param imagined: what would be other than it is
        """
        received = self.env.context.get("backorder_received_reference_ids", ())
        facts = get_facts_of(moves, frozenset(received), imagined)
        facts.update((fact.move_id, fact) for fact in planned)
        company = moves.company_id[:1] or self.env.company
        ranking = DemandRanking(self.env, company, self, fields.Datetime.now())
        ranks = ranking.rank(ranking.get_values(facts), facts)
        return {
            # equals as in runs: in the order in which they were ordered
            each.move_id: (
                *ranks[each.move_id],
                each.ordered or datetime.max,
                each.move_id,
            )
            for each in facts.values()
        }
