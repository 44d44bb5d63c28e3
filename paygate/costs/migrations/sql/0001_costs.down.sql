DROP FUNCTION cost_hear(jsonb);
DROP TABLE psp_charge, payment_cost, psp_price;
DROP FUNCTION costs_are_in_ink(), payment_cost_grows();
