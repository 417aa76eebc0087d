"""What analysts ask of Elasticsearch again and again: query files, and what their answers mean."""
