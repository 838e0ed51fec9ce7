"""The keys of KMS that AWS manages for its services, in moto: which knows a few of them, as keys of a customer."""

from moto.kms.models import KmsBackend

ALIAS = "alias/aws/"


def install() -> None:
    find = KmsBackend.get_key_id_from_alias

    def get_key_id_from_alias(self, alias_name):
        known = any(alias_name in key.aliases for key in list(self.keys.values()))
        if known or not alias_name.startswith(ALIAS):
            return find(self, alias_name)
        service = alias_name.removeprefix(ALIAS)
        description = f"Default key that protects what {service} keeps"
        key = self.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", description, None)
        key.key_manager = "AWS"
        self.create_alias(key.id, alias_name)
        return key.id

    KmsBackend.get_key_id_from_alias = get_key_id_from_alias
