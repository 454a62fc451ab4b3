"""A clinic's own series: who was treated, what became of the lesions, how sure that is."""
