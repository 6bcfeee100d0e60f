"""Every call of `HfApi` as a function, on the hub and with the token of the environment."""

from __future__ import annotations

from freehold.client.api import HfApi

_api = HfApi()

auth_check = _api.auth_check
clone_repo = _api.clone_repo
create_branch = _api.create_branch
create_commit = _api.create_commit
create_repo = _api.create_repo
create_tag = _api.create_tag
create_webhook = _api.create_webhook
dataset_info = _api.dataset_info
delete_branch = _api.delete_branch
delete_file = _api.delete_file
delete_files = _api.delete_files
delete_folder = _api.delete_folder
delete_repo = _api.delete_repo
delete_tag = _api.delete_tag
delete_webhook = _api.delete_webhook
disable_webhook = _api.disable_webhook
duplicate_repo = _api.duplicate_repo
enable_webhook = _api.enable_webhook
file_exists = _api.file_exists
get_full_repo_name = _api.get_full_repo_name
get_paths_info = _api.get_paths_info
get_hf_file_metadata = _api.get_hf_file_metadata
get_webhook = _api.get_webhook
hf_hub_download = _api.hf_hub_download
hf_hub_url = _api.hf_hub_url
list_lfs_files = _api.list_lfs_files
list_repo_commits = _api.list_repo_commits
list_repo_files = _api.list_repo_files
list_repo_refs = _api.list_repo_refs
list_repo_tree = _api.list_repo_tree
list_webhooks = _api.list_webhooks
model_info = _api.model_info
move_repo = _api.move_repo
permanently_delete_lfs_files = _api.permanently_delete_lfs_files
preupload_lfs_files = _api.preupload_lfs_files
repo_exists = _api.repo_exists
repo_info = _api.repo_info
revision_exists = _api.revision_exists
run_as_future = _api.run_as_future
set_access_token = _api.set_access_token
snapshot_download = _api.snapshot_download
space_info = _api.space_info
super_squash_history = _api.super_squash_history
unset_access_token = _api.unset_access_token
update_repo_settings = _api.update_repo_settings
update_repo_visibility = _api.update_repo_visibility
update_webhook = _api.update_webhook
upload_file = _api.upload_file
upload_folder = _api.upload_folder
verify_repo_checksums = _api.verify_repo_checksums
whoami = _api.whoami
