/// What an AzureBinding guards, as failures name it: their rule.
///
/// Most are the field of the binding that says what is allowed; `annotations`, `armId` and `azureName` have none. A namespace that
/// several bindings match fails as `ambiguous`, one whose labels are not known as
/// `namespaceSelector`, and what could not be judged as `evaluation`.
enum BindingPart: String, CaseIterable, Sendable {
    case adoption
    case ambiguous
    case annotations
    case armId
    case azureName
    case configMapDestinations
    case credentials
    case duplicates
    case evaluation
    case extensions
    case federatedSubjects
    case fromConfig
    case identities
    case namespaceSelector
    case owners
    case reconcilePolicies
    case resourceGroups
    case roles
    case secretDestinations
    case subscriptions
    case tenant
    case userAssignedIdentities
}
