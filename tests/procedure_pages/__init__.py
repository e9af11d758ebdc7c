"""Pages of procedures with what they say, made without a look at the parser: the measure of `scraper/procedures.py`.

The sample portal's data holds 26 real procedures of the national portal, structured by hand from a crawler's flattened
text, and the heads of 150 more. `making` prints them in the layouts, words and faults of provincial portals, and
notes what each page shows; `real` gives pages of real portals, labelled by eye; `scoring` compares.
"""
