DROP TABLE dispute_act, dispute_evidence, dispute_round, dispute_movement, dispute_report, dispute_case, dispute;
DROP FUNCTION dispute_moves_legally, dispute_arrows, dispute_is_in_ink;
