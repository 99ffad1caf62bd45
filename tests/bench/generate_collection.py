"""Writes the users of a large domain as SharpHound would: `generate_collection.py FILE MEGABYTES [SEED]`.

Names and places differ from user to user; entries of lists repeat, as they do where most of them are inherited."""

import json
import random
import sys

DOMAIN = "S-1-5-21-1004336348-1177238915-682003330"
RIGHTS = ("GenericAll", "GenericWrite", "WriteDacl", "WriteOwner", "AllExtendedRights", "ForceChangePassword",
          "AddKeyCredentialLink", "WriteSPN")


def entries(chance, count):
    return [{"PrincipalSID": f"{DOMAIN}-{chance.randrange(512, 3000)}", "PrincipalType": chance.choice(("Group", "User")),
             "RightName": chance.choice(RIGHTS), "IsInherited": True, "InheritanceHash": f"{chance.getrandbits(160):040X}"}
            for _ in range(count)]


def user(number, chance, inherited):
    unit = chance.randrange(len(inherited))
    name = f"USER{number:07}"
    return {
        "AllowedToDelegate": [], "DomainSID": DOMAIN, "HasSIDHistory": [], "IsACLProtected": False, "IsDeleted": False,
        "ObjectIdentifier": f"{DOMAIN}-{number + 10000}", "PrimaryGroupSID": f"{DOMAIN}-513", "SPNTargets": [],
        "UnconstrainedDelegation": False, "ContainedBy": {"ObjectIdentifier": f"{unit:08X}-0000-4000-8000-000000000000",
                                                         "ObjectType": "OU"},
        "Aces": [{"PrincipalSID": f"{DOMAIN}-512", "PrincipalType": "Group", "RightName": "Owns", "IsInherited": False,
                  "InheritanceHash": ""}, *inherited[unit], *entries(chance, chance.randrange(3))],
        "Properties": {
            "name": f"{name}@LARGE.TEST", "domain": "LARGE.TEST", "domainsid": DOMAIN, "samaccountname": name,
            "distinguishedname": f"CN={name},OU=UNIT{unit},DC=LARGE,DC=TEST", "displayname": f"User {number}",
            "description": None, "enabled": chance.random() < 0.9, "admincount": False, "hasspn": False,
            "pwdlastset": 1500000000 + chance.randrange(10**8), "lastlogon": 1600000000 + chance.randrange(10**8),
            "lastlogontimestamp": 1600000000 + chance.randrange(10**8), "whencreated": 1400000000 + chance.randrange(10**8),
            "sensitive": False, "dontreqpreauth": False, "passwordnotreqd": False, "unconstraineddelegation": False,
            "pwdneverexpires": chance.random() < 0.1, "trustedtoauth": False, "serviceprincipalnames": [],
            "sidhistory": [], "email": f"{name.lower()}@large.test", "title": None, "homedirectory": None}}


def write(path, megabytes, seed=1):
    chance = random.Random(seed)
    inherited = [entries(chance, chance.randrange(6, 20)) for _ in range(500)]
    with open(path, "w") as out:
        out.write('{"data":[')
        number = written = 0
        while written < megabytes * 1_000_000:
            text = json.dumps(user(number, chance, inherited))
            written += out.write(("," if number else "") + text)
            number += 1
        out.write('],"meta":{"methods":0,"type":"users","count":%d,"version":6}}' % number)
    return number


if __name__ == "__main__":
    print(write(sys.argv[1], int(sys.argv[2]), *map(int, sys.argv[3:])))
