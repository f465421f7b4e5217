"""What is counted: reports of playing, visits and bytes, recorded in batches and rolled up into site-days."""
