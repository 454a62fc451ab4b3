"""The fonts of the papers: Noto Sans, subsets for Latin, Greek and Cyrillic (OFL.txt)."""
