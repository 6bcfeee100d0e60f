"""What is not plain JSON: file contents and git-lfs."""
