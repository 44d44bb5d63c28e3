DROP TABLE psp_exchange;
