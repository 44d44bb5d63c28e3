"""Who works in the back office: roles, logins with a second factor, and that a login is fresh where money moves."""
