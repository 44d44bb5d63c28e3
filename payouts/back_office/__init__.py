"""Money out in the back office: a page for each thing, all of them thin. What changes anything is a verb."""
