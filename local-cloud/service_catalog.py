"""What SageMaker projects need of Service Catalog and moto lacks: the accepted share, the portfolio's principals."""

from dataclasses import dataclass, field
from datetime import datetime, timezone

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import BaseResponse
from moto.sagemaker.responses import SageMakerResponse
from moto.servicecatalog.models import servicecatalog_backends
from moto.servicecatalog.responses import ServiceCatalogResponse
from service_model import Refused, supplement
from shapes import page

SERVICE_CATALOG = "servicecatalog"
PORTFOLIO_OWNER = "999999999999"
PRINCIPALS_PER_PORTFOLIO = 100
# The real share is asynchronous: the portfolio is not in the first listing after it was enabled.
LISTINGS_UNTIL_SHARED = 1


@dataclass
class Portfolio:
    details: dict
    hidden_for: int = LISTINGS_UNTIL_SHARED


@dataclass
class Principals:
    types: dict[str, str] = field(default_factory=dict)  # ARN -> type, in the order of association


class SharedPortfoliosBackend(BaseBackend):
    """Per account and region; moto empties it with everything else that derives from BaseBackend."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.sagemaker: Portfolio | None = None
        self.principals: dict[str, Principals] = {}

    def enable(self) -> None:
        if self.sagemaker:
            return
        identifier = f"port-{self.account_id[-6:]}{self.region_name.replace('-', '')}"
        self.sagemaker = Portfolio(
            {
                "Id": identifier,
                "ARN": f"arn:{self.partition}:catalog:{self.region_name}:{PORTFOLIO_OWNER}:portfolio/{identifier}",
                "DisplayName": "Amazon SageMaker Solutions and ML Ops products",
                "Description": "Solutions and ML Ops products of Amazon SageMaker",
                "ProviderName": "Amazon SageMaker",
                "CreatedTime": datetime.now(timezone.utc),
            }
        )

    def disable(self) -> None:
        if self.sagemaker:
            self.principals.pop(self.sagemaker.details["Id"], None)
            self.sagemaker = None

    def accepted(self, begins: bool) -> list[dict]:
        """The imported portfolios; `begins` says that a new listing starts here rather than goes on."""
        if self.sagemaker is None:
            return []
        if begins and self.sagemaker.hidden_for:
            self.sagemaker.hidden_for -= 1
            return []
        return [self.sagemaker.details]

    def principals_of(self, portfolio_id: str) -> dict[str, str]:
        owned = servicecatalog_backends[self.account_id][self.region_name].portfolios
        shared = self.sagemaker and not self.sagemaker.hidden_for and self.sagemaker.details["Id"] == portfolio_id
        if not shared and portfolio_id not in owned:
            raise Refused("ResourceNotFoundException", f"Portfolio {portfolio_id} not found.")
        return self.principals.setdefault(portfolio_id, Principals()).types


backends = BackendDict(SharedPortfoliosBackend, SERVICE_CATALOG)


def _backend(response: BaseResponse) -> SharedPortfoliosBackend:
    return backends[response.current_account][response.region]


@supplement(SageMakerResponse, "sagemaker", "EnableSagemakerServicecatalogPortfolio")
def _enable(response, parameters) -> dict:
    _backend(response).enable()
    return {}


@supplement(SageMakerResponse, "sagemaker", "DisableSagemakerServicecatalogPortfolio")
def _disable(response, parameters) -> dict:
    _backend(response).disable()
    return {}


@supplement(SageMakerResponse, "sagemaker", "GetSagemakerServicecatalogPortfolioStatus")
def _status(response, parameters) -> dict:
    return {"Status": "Enabled" if _backend(response).sagemaker else "Disabled"}


def _operation(name: str):
    return supplement(ServiceCatalogResponse, SERVICE_CATALOG, name, invalid="InvalidParametersException")


@_operation("ListAcceptedPortfolioShares")
def _list_accepted(response, parameters) -> dict:
    token = parameters.get("PageToken")
    imported = parameters.get("PortfolioShareType", "IMPORTED") == "IMPORTED"
    found = _backend(response).accepted(begins=token is None) if imported else []
    items, following = page(found, token, parameters.get("PageSize"), largest=20)
    return {"PortfolioDetails": items} | ({"NextPageToken": following} if following else {})


@_operation("AssociatePrincipalWithPortfolio")
def _associate(response, parameters) -> dict:
    principals = _backend(response).principals_of(parameters["PortfolioId"])
    arn = parameters["PrincipalARN"]
    if not arn.startswith("arn:"):
        raise Refused("InvalidParametersException", f"Invalid principal ARN: {arn}")
    if arn not in principals and len(principals) >= PRINCIPALS_PER_PORTFOLIO:
        raise Refused("LimitExceededException", f"Portfolio has {PRINCIPALS_PER_PORTFOLIO} principals already.")
    principals[arn] = parameters["PrincipalType"]
    return {}


@_operation("DisassociatePrincipalFromPortfolio")
def _disassociate(response, parameters) -> dict:
    principals = _backend(response).principals_of(parameters["PortfolioId"])
    if principals.pop(parameters["PrincipalARN"], None) is None:
        raise Refused(
            "ResourceNotFoundException", f"{parameters['PrincipalARN']} is not associated with the portfolio."
        )
    return {}


@_operation("ListPrincipalsForPortfolio")
def _list_principals(response, parameters) -> dict:
    principals = _backend(response).principals_of(parameters["PortfolioId"])
    found = [{"PrincipalARN": arn, "PrincipalType": kind} for arn, kind in principals.items()]
    items, following = page(found, parameters.get("PageToken"), parameters.get("PageSize"), largest=20)
    return {"Principals": items} | ({"NextPageToken": following} if following else {})
