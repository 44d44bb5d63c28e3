"""Our bank's host-to-host channel: it takes files of payments, executes them on their day, and reports in files.

    POST /files              pain.001.001.09 (application/xml) or NACHA (text/plain, with X-Message-Id)
    GET  /files/{id}         what became of a file, by the id of its message
    GET  /reports?after=12   which reports there are, numbered from 1 without gaps
    GET  /reports/{number}   one of them: pain.002, camt.054, camt.053, nacha.return

A file is known by its message id. The same bytes again are answered as before and executed once; other bytes under
the id are refused. A file that is no file is refused at once (400), as is one that breaks its format's rules (422);
what is wrong with its contents, pain.002 says. Banks' channels differ, and their own is mostly EBICS or SFTP; what
they have in common is this. Formats: iso20022.org (pain.001.001.09, pain.002.001.10, camt.053.001.08,
camt.054.001.08) and the Nacha Operating Rules.

A file is checked two minutes after it came, its payments are booked at six in the morning (UTC) of their day, at
once if that is over, never at a weekend, and each account's statement is made five minutes after the day. What will
become of a payment, its creditor's name says:

    REJECT, REJECT AM04     refused with the file's check; AC04 without a code. ACH knows no such word: it comes back
    RETURN, RETURN MD07     paid, and sent back two bank days later; AC04 or, by ACH, R02 without a code

What PSPs pay to our accounts is deposited by the control act `deposit` (server.py), and only the day's statement tells
of it.
"""
