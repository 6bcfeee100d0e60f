// Suggestions while somebody types into the search of the bar.
