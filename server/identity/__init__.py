"""Who somebody is: convocation links, second factor, sessions."""
