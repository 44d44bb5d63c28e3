DROP INDEX webhook_endpoint_given_up;
DROP INDEX payment_method_id;
DROP INDEX webhook_endpoint_id;
DROP INDEX webhook_endpoint_host;
DROP FUNCTION webhook_host(text);
DROP INDEX merchant_name;
