"""A model's report: verdict, model card and page in its folder, and the documents of the dashboard."""
