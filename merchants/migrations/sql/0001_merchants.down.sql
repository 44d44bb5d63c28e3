DROP TABLE payment_method, fee_plan, api_key, merchant;
DROP FUNCTION fee_plan_is_agreed(), api_key_stays_what_it_is();
