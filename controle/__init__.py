"""Le controle medical en visioconference: ce qu'un medecin-conseil pourrait lire a voix haute."""
