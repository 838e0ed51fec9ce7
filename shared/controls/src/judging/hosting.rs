use identifiers::instance_type::has_instance_store;

use super::Part;
use crate::Verdict;

/// A variant of an endpoint configuration.
#[derive(Debug)]
pub(crate) struct Variant<'a> {
    pub(crate) part: Part<'a>,
}

/// Judges every variant of an endpoint configuration, those that answer and the shadows that only listen.
pub(crate) fn each_variant<'a>(config: &Part<'a>, judge: impl Fn(&Variant<'a>) -> Verdict) -> Verdict {
    let of = |name: &str| config.member(name).items();
    let variants = of("ProductionVariants").into_iter().chain(of("ShadowProductionVariants"));
    worst_of(config, variants, judge)
}

/// Judges the variants that answer.
pub(crate) fn each_answering_variant<'a>(config: &Part<'a>, judge: impl Fn(&Variant<'a>) -> Verdict) -> Verdict {
    worst_of(config, config.member("ProductionVariants").items(), judge)
}

fn worst_of<'a>(
    config: &Part<'a>,
    parts: impl IntoIterator<Item = Part<'a>>,
    judge: impl Fn(&Variant<'a>) -> Verdict,
) -> Verdict {
    let verdicts = parts.into_iter().map(|part| match part.member("VariantName").text() {
        Some(_) => judge(&Variant { part }),
        None => part.member("VariantName").unreadable(part.member("VariantName").value()),
    });
    Verdict::worst(verdicts).unwrap_or_else(|| {
        let variants = config.member("ProductionVariants");
        variants.unreadable(variants.value())
    })
}

/// Judges what is answered only of endpoint configurations for inference components, whose variants name no model:
/// what a variant with a model may reach is set on the model, and the service refuses to have it set here too.
pub(crate) fn for_inference_components(config: &Part<'_>, judge: impl FnOnce() -> Verdict) -> Verdict {
    let names_model = |variant: &Variant<'_>| match variant.part.member("ModelName").is_present() {
        true => Verdict::NotApplicable("every variant names a model, where this is set".to_owned()),
        false => Verdict::Pass,
    };
    match each_answering_variant(config, names_model) {
        Verdict::Pass => judge(),
        other => other,
    }
}

impl Variant<'_> {
    /// Judges what only a variant with instances of its own has.
    pub(crate) fn where_it_has_instances(&self, judge: impl FnOnce() -> Verdict) -> Verdict {
        if self.part.member("ServerlessConfig").is_present() {
            Verdict::NotApplicable(format!("{} is serverless", self.part.path()))
        } else {
            judge()
        }
    }

    /// Judges the volumes of its instances, which a type with disks of its own has none of.
    pub(crate) fn where_it_has_volumes(&self, judge: impl FnOnce() -> Verdict) -> Verdict {
        self.where_it_has_instances(|| {
            let pools = self.part.member("InstancePools").items();
            let types: Vec<Part<'_>> = match pools.as_slice() {
                [] => vec![self.part.member("InstanceType")],
                pools => pools.iter().map(|pool| pool.member("InstanceType")).collect(),
            };
            let mut without_volume = None;
            for part in &types {
                match part.text() {
                    Some(name) if has_instance_store(name) => without_volume = Some(name),
                    Some(_) => return judge(),
                    None => return part.unreadable(part.value()),
                }
            }
            Verdict::NotApplicable(format!(
                "{} encrypts its own disks and takes no key for them",
                without_volume.unwrap_or_default()
            ))
        })
    }
}

/// Judges a model that has something to run: one without a container, which nothing can be deployed from, does
/// nothing.
pub(crate) fn running<'a>(model: &Part<'a>, judge: impl FnOnce(&Part<'a>) -> Verdict) -> Verdict {
    let is_empty = !model.member("PrimaryContainer").is_present() && model.member("Containers").items().is_empty();
    if is_empty { Verdict::NotApplicable("the model has no container".to_owned()) } else { judge(model) }
}

/// A container's image has to come from a private registry in the VPC. A container that is made from a model package
/// has the package's image, and no say in where that comes from.
pub(crate) fn comes_from_private_registry(container: &Part<'_>) -> Verdict {
    if container.member("ModelPackageName").is_present() && !container.member("Image").is_present() {
        return Verdict::NotApplicable(format!("the image of {} is a model package's", container.path()));
    }
    match container.names("ImageConfig.RepositoryAccessMode") {
        Verdict::Pass => container.is("ImageConfig.RepositoryAccessMode", "Vpc"),
        other => other,
    }
}
