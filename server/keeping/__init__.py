"""What is kept and for how long, what goes, and what a person is given of what is held on them."""
