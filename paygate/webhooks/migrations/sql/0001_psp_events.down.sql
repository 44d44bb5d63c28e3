DROP TABLE psp_event;
DROP FUNCTION psp_event_moves_legally, psp_event_keeps_what_was_said, psp_event_is_kept, psp_event_arrows;
