DROP TABLE merchant_terms;
DROP FUNCTION merchant_terms_are_agreed();
DROP TABLE business_day;
