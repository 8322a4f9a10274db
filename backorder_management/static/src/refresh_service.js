import { registry } from "@web/core/registry";
import { EventBus } from "@odoo/owl";

/** Says when a run has divided stock anew, by whomever, in whatever browser. */
export const refreshService = {
    dependencies: ["bus_service"],
    start(env, { bus_service: busService }) {
        const bus = new EventBus();
        busService.subscribe("backorder_management/divided", (run) =>
            bus.trigger("divided", run)
        );
        return { bus };
    },
};

registry.category("services").add("backorder_refresh", refreshService);
