"""What is written from the code itself: the reference pages, the snapshot of behaviour and the dbt sources."""
