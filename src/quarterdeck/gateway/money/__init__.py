"""Money: prices that somebody sets, models without one, and history priced anew."""
