DROP INDEX dispute_of_payment;
DROP INDEX dispute_id;
DROP INDEX dispute_status;
