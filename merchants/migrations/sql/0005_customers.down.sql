DROP TABLE customer;
DROP FUNCTION customer_stays_erased;
