from . import urls_chain, urls_import, urls_links, urls_needs, urls_phone, urls_plan, urls_work

urlpatterns = [
    *urls_links.urlpatterns,
    *urls_import.urlpatterns,
    *urls_plan.urlpatterns,
    *urls_chain.urlpatterns,
    *urls_needs.urlpatterns,
    *urls_work.urlpatterns,
    *urls_phone.urlpatterns,
]
