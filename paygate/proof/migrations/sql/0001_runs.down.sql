DROP TABLE proof_run;
